"""Laws of the steps: in order, on evidence, never backwards, never nothing (INV-P1 to P5, P7 to P10)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.invariants.case import Case, Change, Invariant, Relation, Violations
from rules.invariants.changes import (
    LISTS,
    guarded,
    known_facts,
    rows_of,
    with_list,
    with_row,
    without_fact,
)
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verdict import FAILED
from schemas.decision import State, Verdict
from schemas.pathway import Effect, Treatment

ORDER = {
    State.RED_SIGN: 0,
    State.OUT_OF_SCOPE: 0,
    State.NEEDS_ASSESSMENT: 0,
    State.S1: 1,
    State.S2: 2,
    State.S3: 3,
    State.SPECIALIST_REVIEW: 4,
}
CHANCE_GIVEN = (*FAILED, "worn-off")
INVASIVE = (
    "epidural-steroid-injection",
    "trigger-point-injection",
    "radiofrequency-ablation",
    "spinal-cord-stimulation",
)
BEST = re.compile(
    r"\b(best|superior|optimal|ideal|gold standard|first choice|most effective)\b(?!\W+avoided)",
    re.I,
)


def had_its_chance(case: Case, treatment: Treatment) -> bool:
    """Tell whether *treatment* was tried in vain, is ruled out for good, or counts as exhausted.

    A block that will pass (a hold) is no chance given: only rules of effect `block` count.
    """
    if case.treatments[treatment.id].trial in CHANCE_GIVEN:
        return True
    blocks = case.rules(Effect.BLOCK, on=treatment.id)
    unless = case.rules(Effect.BLOCK_UNLESS_JUSTIFIED, on=treatment.id)
    if not case.is_true(f"justified_{treatment.id.replace('-', '_')}"):
        blocks += unless
    holding = [rule for rule in blocks if case.holds(rule)]
    if any(not rule.agents for rule in holding):
        return True
    ruled_out = {agent for rule in holding for agent in rule.agents}
    if treatment.agents and ruled_out.issuperset(treatment.agents):
        return True
    return any(case.holds(rule) for rule in case.rules(Effect.EXHAUST, on=treatment.id))


def need_not_be_waited_for(case: Case, treatment: Treatment) -> bool:
    skipped = any(case.holds(rule) for rule in case.rules(Effect.SKIP, on=treatment.id))
    return skipped or case.truths[f"indicated({treatment.id})"] == FALSE


def overridden(case: Case, treatment: str) -> bool:
    return any(o.treatment == treatment and o.lifts == "not-yet" for o in case.decision.overrides)


def earlier_stages_are_closed(case: Case) -> Violations:
    for name in case.offers:
        stage = case.pathway.treatments[name].stage
        if not stage or overridden(case, name):
            continue
        earlier = case.pathway.stages[stage].after
        members = [t for t in case.pathway.treatments.values() if t.stage in earlier and t.gate]
        for member in members:
            if not had_its_chance(case, member) and not need_not_be_waited_for(case, member):
                yield f"`{name}` is offered although `{member.id}` has not had its chance"
        first = [t for t in members if t.stage == "S1"]
        tried = [t.id for t in first if had_its_chance(case, t)]
        if first and not ("physical-therapy" in tried and len(tried) > 1):
            yield f"`{name}` is offered without therapy and one medicine having had their chance"


def exactly_one_state(case: Case) -> Violations:
    decision = case.decision
    truths = case.truths
    complete = all(truths[name] != UNKNOWN for name in case.network.screen(case.pathway))
    ready = truths["in_scope"] == TRUE and truths["assessed"] == TRUE and complete
    wanted = {
        State.RED_SIGN: bool(case.red),
        State.OUT_OF_SCOPE: not case.red and truths["in_scope"] == FALSE,
        State.NEEDS_ASSESSMENT: not case.red and truths["in_scope"] != FALSE and not ready,
    }
    treating = not case.red and ready
    passed = [truths[f"passed({stage})"] == TRUE for stage in case.pathway.stages]
    for at, stage in enumerate(case.pathway.stages):
        wanted[State(stage)] = treating and all(passed[:at]) and not passed[at]
    wanted[State.SPECIALIST_REVIEW] = treating and all(passed)
    true = [state for state, holds in wanted.items() if holds]
    if len(true) != 1:
        yield f"{len(true)} states hold at once"
    elif decision.state is not true[0] and not decision.incomplete:
        yield f"the state is `{decision.state}`, the facts say `{true[0]}`"
    stage = decision.state.value if ORDER[decision.state] else "S0"
    if decision.stage != stage:
        yield "stage and state do not fit together"


def never_nothing(case: Case) -> Violations:
    decision = case.decision
    kinds = {step.kind for step in decision.next_steps}
    if not case.offers and not case.red and not kinds & {"refer", "ask", "scope", "prepare"}:
        yield "nothing is offered, asked or referred"
    if decision.state is State.NEEDS_ASSESSMENT and "ask" not in kinds and not decision.incomplete:
        yield "the assessment is not complete and nothing is asked"
    for item in decision.treatments:
        if not item.summary.strip():
            yield f"`{item.treatment}` has a verdict without a word of reason"
        if item.verdict is Verdict.NOT_YET and not any(text.strip() for text in item.waits_for):
            yield f"`{item.treatment}` is not yet open and it is not said what comes first"
        needs = item.verdict is Verdict.NEEDS_DATA and not decision.incomplete
        if needs and not item.missing and not decision.missing:
            yield f"`{item.treatment}` needs data and nothing is named"


def failed_is_not_offered_again(case: Case) -> Violations:
    for name in case.offers:
        item = case.treatments[name]
        own_kind = case.facts.get("tried_gabapentinoid")
        # A failed addition to the neuropathic class does not use the class up (A9).
        trial = own_kind if name == "neuropathic-agent" else item.trial
        if trial in FAILED:
            yield f"`{name}` has failed and is offered again"


def begun(case: Case, medicine: str) -> bool:
    """Tell whether *medicine* is being taken or tried: nobody waits for its verdict to begin it."""
    snake = medicine.replace("-", "_")
    return case.is_true(f"taking_{snake}") or case.facts.get(f"tried_{snake}") == "running"


def gentle_first(case: Case) -> Violations:
    if case.decision.state is State.S1:
        for name in INVASIVE:
            if name in case.offers and not overridden(case, name):
                yield f"`{name}` is offered in the first stage"
    if "opioid" in case.offers:
        nsaid = case.pathway.treatments["nsaid"]
        if not (
            begun(case, "nsaid")
            or had_its_chance(case, nsaid)
            or need_not_be_waited_for(case, nsaid)
        ):
            yield "an opioid is offered before any non-opioid medicine"


def out_of_scope_offers_nothing(case: Case) -> Violations:
    if case.truths["in_scope"] == FALSE:
        if case.offers:
            yield f"out of scope and {sorted(case.offers)} offered"
        if case.decision.scope.status != "out-of-scope":
            yield "out of scope and not called so"
        if any(step.kind in ("offer", "prepare", "keep") for step in case.decision.next_steps):
            yield "out of scope and a step of treatment stands there"


def no_option_is_called_best(case: Case) -> Violations:
    shown = [item.treatment for item in case.decision.treatments]
    if shown != list(case.pathway.treatments):
        yield "the treatments do not stand in the order of the documents"
    texts = [step.text for step in case.decision.next_steps]
    texts += [item.summary for item in case.decision.treatments]
    if any(BEST.search(text) for text in texts):
        yield "an option is called the best"


def one_more_failed_trial(case: Case) -> Iterator[Change]:
    """One more trial that was long and strong enough and did nothing, for every treatment; long ago and undated."""
    year = case.patient.on.year - 2
    for treatment in case.pathway.treatments.values():
        if not treatment.gate:
            continue
        agent = {"agent": treatment.agents[0]} if treatment.agents else {}
        sessions = 1 if treatment.id in INVASIVE else 200
        row = {"treatment": treatment.id, "weeks": 52, "sessions": sessions, "full_dose": True,
               "technique_sound": True, "relief_percent": 0, **agent}  # fmt: skip
        for dated in ({}, {"ended": f"{year}-06-15"}):
            changed = with_row(case.data, "trials", {**row, **dated})
            words = f"one more failed trial of {treatment.id}{' long ago' if dated else ''}"
            yield Change(words, treatment.id, changed)


def the_stage_does_not_move_back(before: Case, after: Case, change: Change) -> Violations:
    if ORDER[after.decision.state] < ORDER[before.decision.state]:
        yield f"the state moves back from {before.decision.state} to {after.decision.state}"


def something_forgotten(case: Case) -> Iterator[Change]:
    """Every fact left out in turn, every list, and every detail of a trial.

    Facts that a condition asks `known(x)` of are the named exceptions: without such a measurement the
    documents want the rest to decide. So are the halves of a contradiction: of two answers that exclude each other
    the graver is read, and without it the other stands.
    """
    excepted = guarded(case) | {fact for each in case.reading.conflicts for fact in each.facts}
    for name in known_facts(case):
        if name not in excepted:
            yield Change(f"`{name}` is left out", name, without_fact(case.data, name))
    for name in LISTS:
        if case.data.get(name) is not None:
            changed = with_list(case.data, name, None)
            yield Change(f"the list of {name} is left out", name, changed)
    trials = rows_of(case.data, "trials")
    for at, row in enumerate(trials):
        for field in ("weeks", "sessions", "full_dose", "technique_sound"):
            if row.get(field) is not None:
                shorter = {key: each for key, each in row.items() if key != field}
                rows = [*trials[:at], shorter, *trials[at + 1 :]]
                changed = with_list(case.data, "trials", rows)
                yield Change(f"`{field}` of a trial is left out", "trials", changed)


def no_later_stage_opens(before: Case, after: Case, change: Change) -> Violations:
    if before.red and not after.red:
        return  # what an unanswered red sign does is INV-D12's and INV-R7's matter
    if ORDER[after.decision.state] > ORDER[before.decision.state]:
        yield f"the state moves on from {before.decision.state} to {after.decision.state}"
    for name in after.offers - before.offers:
        yield f"`{name}` is newly offered"


INVARIANTS = (
    Invariant("INV-P1", "a later step is offered only when the earlier ones are closed by evidence",
              earlier_stages_are_closed, outline=True),
    Invariant("INV-P3", "every patient is in exactly one state", exactly_one_state, outline=True),
    Invariant("INV-P4", "there is always an offer, a question, a referral or the word out of scope",
              never_nothing),
    Invariant("INV-P5", "what has failed is not offered as new", failed_is_not_offered_again, outline=True),
    Invariant("INV-P7", "nothing invasive in the first stage, no opioid first", gentle_first, outline=True),
    Invariant("INV-P9", "out of scope nothing is offered", out_of_scope_offers_nothing, outline=True),
    Invariant("INV-P10", "options stand side by side in the documents' order, none is called best",
              no_option_is_called_best),
)  # fmt: skip

RELATIONS = (
    Relation("INV-P2", "one more failed trial never moves the stage back",
             one_more_failed_trial, the_stage_does_not_move_back),
    Relation("INV-P8", "forgetting a fact never opens a later step",
             something_forgotten, no_later_stage_opens),
)  # fmt: skip
