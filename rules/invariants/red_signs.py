"""Laws of red signs: never missed, never lowered, never silenced by anything else (INV-R1 to R10, R13)."""

from __future__ import annotations

from collections.abc import Iterator

from rules.invariants.case import Case, Change, Invariant, Relation, Violations
from rules.invariants.changes import (
    answers,
    known_facts,
    pulls,
    value_of,
    with_fact,
    with_list,
    with_row,
    without_fact,
)
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.decision import Decision, State, Verdict
from schemas.facts import FactKind
from schemas.pathway import Effect, Urgency

REVISION = "revision-surgery"
OPEN = ("new", "worsening", "onset-unknown")
"""A neurological sign that is not known to be old."""

SPHINCTER_AND_SADDLE = (
    "bladder_disturbance",
    "bowel_disturbance",
    "saddle_sensation_change",
    "sexual_dysfunction",
    "both_legs_deficit",
)
STOPPED = (
    "nsaid",
    "physical-therapy",
    "epidural-steroid-injection",
    "trigger-point-injection",
    "radiofrequency-ablation",
    "spinal-cord-stimulation",
)
"""Treatments that an emergency sign blocks."""

STANDING = (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED, Verdict.ON_HOLD)
MILDER = {"R2b": "R2", "R1b": "R1a"}
"""A sign that is the milder form of another: where the graver one opens it may give way."""


def urgency_is_the_highest_floor(case: Case) -> Violations:
    decision = case.decision
    floors = [sign.urgency for sign in decision.red_signs]
    raising = case.rules(Effect.ADVISE, Effect.CAUSE, Effect.RED_SIGN)
    floors += [rule.urgency for rule in raising if rule.urgency and case.holds(rule)]
    wanted = min(floors, default=Urgency.U3)
    if decision.incomplete:
        if decision.urgency > min(wanted, Urgency.U2):
            yield "an incomplete answer is less urgent than its signs"
    elif decision.urgency != wanted:
        yield f"urgency is {decision.urgency}, the highest floor is {wanted}"
    for name in SPHINCTER_AND_SADDLE:
        if case.facts.get(name) in OPEN and decision.urgency is not Urgency.U0:
            yield f"`{name}` is open and the urgency is {decision.urgency}"
    for name, definition in case.pathway.facts.items():
        if definition.kind is FactKind.SIGN and case.facts.get(name) in OPEN:
            mild = name == "leg_weakness" and "R2b" in case.red
            if not case.red or decision.urgency > (Urgency.U2 if mild else Urgency.U1):
                yield f"`{name}` is open and the urgency is only {decision.urgency}"
    ungraded = "weakness_mrc" not in case.facts
    if case.facts.get("leg_weakness") in OPEN and ungraded and decision.urgency > Urgency.U1:
        yield "ungraded weakness does not count as severe"


def a_sign_calls_for_assessment_once_and_first(case: Case) -> Violations:
    if not case.red:
        return
    decision = case.decision
    assessment = decision.surgical_assessment
    if assessment is None:
        yield "a red sign is open and no surgical assessment is named"
        return
    if set(assessment.signs) != set(case.red) or assessment.urgency != min(case.red.values()):
        yield "the assessment does not name the open signs and their urgency"
    steps = [step.treatment == REVISION for step in decision.next_steps]
    if steps.count(True) != 1:
        yield f"the assessment stands {steps.count(True)} times among the next steps"
    elif any(step.kind != "red-sign" for step in decision.next_steps[: steps.index(True)]):
        yield "something other than the red sign stands before the assessment"
    urgencies = [sign.urgency for sign in decision.red_signs]
    if urgencies != sorted(urgencies):
        yield "the most urgent sign does not stand first"


def no_sign_no_revision(case: Case) -> Violations:
    if case.red:
        return
    decision = case.decision
    if decision.surgical_assessment is not None:
        yield "an assessment is named without a red sign"
    if any(step.treatment == REVISION for step in decision.next_steps):
        yield "revision stands among the next steps without a red sign"
    if case.verdict(REVISION) not in (Verdict.NOT_INDICATED, Verdict.NEEDS_DATA):
        yield f"revision is `{case.verdict(REVISION)}` without a red sign"
    if any(REVISION in each.treatments for each in decision.combinations):
        yield "revision stands in a combination"


def revision_is_never_recommended(case: Case) -> Violations:
    if REVISION in case.offers or case.treatments[REVISION].otherwise in ("recommend", "consider"):
        yield "revision is offered"
    item = case.treatments[REVISION]
    texts = [item.summary, *(reason.says for reason in (*item.reasons, *item.cautions))]
    texts += [step.text for step in case.decision.next_steps if step.treatment == REVISION]
    if case.decision.surgical_assessment is not None:
        texts.append(case.decision.surgical_assessment.text)
        if "may be required" not in case.decision.surgical_assessment.text:
            yield "the assessment does not say `may be required`"
    if any("recommend" in text.lower() or "indicated" in text.lower() for text in texts):
        yield "revision is worded as a recommendation"


def an_open_sign_holds_everything(case: Case) -> Violations:
    if not case.red:
        return
    allowed = {*STANDING, Verdict.NEEDS_DATA} if case.decision.incomplete else {*STANDING}
    for name, item in case.treatments.items():
        if item.verdict not in allowed:
            yield f"`{name}` is `{item.verdict}` although a red sign is open"
    if case.decision.state is not State.RED_SIGN:
        yield f"the state is `{case.decision.state}` although a red sign is open"
    if case.decision.combinations or any(
        step.kind in ("offer", "prepare", "keep") for step in case.decision.next_steps
    ):
        yield "a step of treatment is live although a red sign is open"
    if Urgency.U0 in case.red.values() and not case.decision.incomplete:
        for name in STOPPED:
            if case.verdict(name) is not Verdict.BLOCK:
                yield f"`{name}` is not blocked although an emergency sign is open"


def an_unknown_sign_is_asked_for(case: Case) -> Violations:
    asked = {what for item in case.decision.missing if item.red_sign for what in item.decides}
    for sign in case.pathway.signs:
        if case.truths[f"sign:{sign}"] == UNKNOWN:
            if f"red sign {sign}" not in asked:
                yield f"{sign} is unknown and nothing is asked about it"
            if case.decision.screen_complete:
                yield f"{sign} is unknown and the screen counts as complete"


def complete_means_every_sign_answered(case: Case) -> Violations:
    names = case.network.screen(case.pathway)
    settled = all(case.truths[name] != UNKNOWN for name in names)
    if case.decision.screen_complete != (settled and not case.decision.incomplete):
        yield "the screen is called complete and is not, or is and is not called so"
    if case.decision.screen_complete and not case.red:
        return
    shown = [case.decision.urgency_text, *case.decision.caveats]
    shown += [item.summary for item in case.decision.treatments]
    shown += [step.text for step in case.decision.next_steps]
    shown += [item.text for item in case.decision.advice]
    if any("no red sign" in text.lower() for text in shown):
        yield "it says `no red sign` before every sign is answered no"


def the_walker_sees_the_same_signs(case: Case) -> Violations:
    """A sign that any of the three readers sees is open: none may be lost on the way to the answer."""
    for sign in case.pathway.signs:
        if (case.truths[f"sign:{sign}"] == TRUE) != (sign in case.red):
            yield f"{sign} is open for the plain walker or for the decision, not for both"
    if case.truths["red(any)"] == FALSE and case.red:
        yield "a sign is open that the facts rule out"


def worse_signs(case: Case) -> Iterator[Change]:
    """Every sign one step worse: absent or old to open, a yes/no sign to yes, thoughts to a plan."""
    way = pulls(case, [f"sign:{sign}" for sign in case.pathway.signs])
    for name, definition in case.pathway.facts.items():
        before = case.facts.get(name)
        if definition.kind is FactKind.SIGN and before in (None, "none", "stable"):
            for word in ("stable", *OPEN) if before != "stable" else OPEN:
                yield Change(f"`{name}` becomes {word}", name, with_fact(case.data, name, word))
        elif definition.kind is FactKind.SIGN and before == "onset-unknown":
            for word in ("new", "worsening"):
                yield Change(f"`{name}` becomes {word}", name, with_fact(case.data, name, word))
        elif (
            way.get(name) == frozenset({True})
            and definition.kind is FactKind.BOOLEAN
            and before is not True
        ):
            yield Change(f"`{name}` becomes yes", name, with_fact(case.data, name, True))
        elif name == "suicidal_thoughts" and before != "plan-or-intent":
            words = ["plan-or-intent"] if before == "thoughts" else ["thoughts", "plan-or-intent"]
            for word in words:
                yield Change(f"`{name}` becomes {word}", name, with_fact(case.data, name, word))


def worse_is_never_less_urgent(before: Case, after: Case, change: Change) -> Violations:
    if after.decision.urgency > before.decision.urgency:
        yield f"urgency falls from {before.decision.urgency} to {after.decision.urgency}"
    for sign in before.red.keys() - after.red.keys():
        if MILDER.get(sign) not in after.red:
            yield f"{sign} is closed"


def facts_that_are_no_signs(case: Case) -> Iterator[Change]:
    """Another answer to every question that no red sign reads, and other medicines and overrides."""
    read = case.network.facts(f"sign:{sign}" for sign in case.pathway.signs)
    known = set(known_facts(case))
    for name in case.pathway.facts:
        if name in read:
            continue
        if name in known:
            yield Change(f"`{name}` is left out", name, without_fact(case.data, name))
        for value in answers(case, name):
            if value != value_of(case.data, name):
                changed = with_fact(case.data, name, value)
                yield Change(f"`{name}` is answered otherwise", name, changed)
    yield Change("no medicine is taken", "medications", with_list(case.data, "medications", []))
    yield Change("the list of medicines is left out", "medications",
                 with_list(case.data, "medications", None))  # fmt: skip
    for medicine in case.pathway.medicines:
        changed = with_row(case.data, "medications", {"agent": medicine})
        yield Change(f"{medicine} is taken too", "medications", changed)
    for treatment in case.pathway.treatments:
        for lifts in ("not-yet", "block-unless-justified"):
            row = {"treatment": treatment, "lifts": lifts, "who": "a clinician",
                   "when": case.patient.on.isoformat(), "why": "written down by the clinician"}  # fmt: skip
            changed = with_row(case.data, "overrides", row)
            yield Change(f"an override for {treatment}", "overrides", changed)


def signs_are_untouched(before: Case, after: Case, change: Change) -> Violations:
    yield from same_signs(before.decision, after.decision)


def same_signs(before: Decision, after: Decision) -> Violations:
    """Say in what the red-sign part of two decisions differs; also for one decision with and without a fault."""
    first, second = ({sign.id: sign.urgency for sign in d.red_signs} for d in (before, after))
    if first != second:
        yield f"the red signs were {sorted(first)} and are {sorted(second)}"
    actions = [[(s.first_action, s.do_not) for s in d.red_signs] for d in (before, after)]
    if actions[0] != actions[1]:
        yield "what to do about the red signs is not the same"


def out_of_scope(case: Case) -> Iterator[Change]:
    """The same patient as somebody the pathway was not written for."""
    child = int(case.settings["adult_age"]) - 1
    yield Change("a child", "age", with_fact(case.data, "age", child))
    yield Change("no pain now", "pain_now", with_fact(case.data, "pain_now", False))
    rows = [{**row, "region": "cervical"} for row in case.data.get("surgeries") or ()]
    if rows:
        changed = with_list(case.data, "surgeries", rows)
        yield Change("operated on the neck only", "surgeries", changed)


def red_questions(case: Case) -> set[str]:
    """Return the facts that are asked for because a red sign depends on them."""
    return {
        item.fact
        for item in case.decision.missing
        if any(what.startswith("red sign") for what in item.decides)
    }


def whole_red_part_stays(before: Case, after: Case, change: Change) -> Violations:
    yield from same_signs(before.decision, after.decision)
    if before.decision.screen_complete != after.decision.screen_complete:
        yield "the screen is complete for one and not for the other"
    asked = [red_questions(case) for case in (before, after)]
    if asked[0] != asked[1]:
        yield "other red-sign questions are asked"


INVARIANTS = (
    Invariant("INV-R1", "urgency is the highest floor of what is open", urgency_is_the_highest_floor, outline=True),
    Invariant("INV-R2", "a red sign calls for surgical assessment, once and first",
              a_sign_calls_for_assessment_once_and_first),
    Invariant("INV-R3", "without a red sign revision stands nowhere", no_sign_no_revision, outline=True),
    Invariant("INV-R4", "revision may be required; it is never recommended", revision_is_never_recommended),
    Invariant("INV-R6", "an open sign holds every treatment, an emergency blocks six",
              an_open_sign_holds_everything, outline=True),
    Invariant("INV-R7", "an unknown sign is asked for and the screen is not complete",
              an_unknown_sign_is_asked_for),
    Invariant("INV-R8", "`no red signs` is said only when every one was answered",
              complete_means_every_sign_answered),
    Invariant("INV-R10", "the red signs are what the facts alone say, whatever else fails",
              the_walker_sees_the_same_signs),
)  # fmt: skip

RELATIONS = (
    Relation("INV-R5", "a worse sign never lowers urgency and closes no other sign",
             worse_signs, worse_is_never_less_urgent),
    Relation("INV-R9", "red signs depend on red-sign facts only",
             facts_that_are_no_signs, signs_are_untouched),
    Relation("INV-R13", "a patient out of scope keeps the whole red-sign part",
             out_of_scope, whole_red_part_stays),
)  # fmt: skip
