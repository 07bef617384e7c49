"""Laws of the answer itself: reproducible, agreed by two voices, every line with its reason (INV-E1 to E10)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.canonical import patient_input, sha256
from rules.evaluator import evaluate
from rules.invariants.case import Case, Change, Invariant, Relation, Violations
from rules.network import Network
from rules.truth import TRUE
from schemas.condition import references_of
from schemas.decision import Reason, Verdict
from schemas.pathway import Urgency

PROMISES = re.compile(
    r"\b(cures?|cured|guaranteed?|for good|once and for all|pain[- ]free for|permanent(ly)? relie|"
    r"100 ?%|always works|will relieve|get rid of)\b",
    re.I,
)
SHOWN_WITH_REASON = (
    Verdict.RECOMMEND,
    Verdict.CONSIDER,
    Verdict.BLOCK,
    Verdict.BLOCK_UNLESS_JUSTIFIED,
)
MOST_ASKED = 5


def reasons_of(case: Case) -> Iterator[tuple[str, Reason]]:
    """Yield every reason of the decision that is said to hold, with where it stands."""
    decision = case.decision
    for sign in decision.red_signs:
        yield from ((sign.id, reason) for reason in sign.reasons)
    for item in decision.treatments:
        agents = (reason for agent in item.agents for reason in agent.reasons)
        for reason in (*item.reasons, *item.cautions, *agents):
            yield item.treatment, reason
    yield from ((item.rule, item.reason) for item in decision.advice)
    yield from ((item.rule, item.reason) for item in decision.causes)
    yield from (("scope", reason) for reason in decision.scope.reasons)


def asked_again(case: Case) -> Iterator[Change]:
    yield Change("asked again", "", case.data)


def same_bytes(before: Case, after: Case, change: Change) -> Violations:
    if before.decision.model_dump_json() != after.decision.model_dump_json():
        yield "the same patient gets another answer"


def two_voices_agree(case: Case) -> Violations:
    for fault in case.decision.faults:
        yield f"the evaluation was faulty: {fault}"


def every_line_has_its_reason(case: Case) -> Violations:
    decision = case.decision
    for sign in decision.red_signs:
        if not sign.reasons or not sign.first_action:
            yield f"{sign.id} is open without a reason or a first action"
    for item in decision.treatments:
        if item.verdict in SHOWN_WITH_REASON and not any(
            reason.holds == "true" for reason in item.reasons
        ):
            yield f"`{item.treatment}` is `{item.verdict}` without a reason that holds"
        if any(reason.holds != "true" for reason in item.cautions):
            yield f"a caution on `{item.treatment}` does not hold"
    for where, reason in reasons_of(case):
        rule = case.pathway.rules.get(reason.rule)
        if rule is None:
            yield f"{where}: a reason names no rule"
            continue
        # When explaining itself broke, the rule and its source are all that is left to show.
        bare = "explanation" in decision.faults
        if not reason.sources or not reason.says.strip() or not (bare or reason.because.strip()):
            yield f"{where}: `{reason.rule}` has no source or no words"
        if not reason.facts and not reason.unknown and not bare:
            yield f"{where}: `{reason.rule}` rests on no fact"
        if not decision.incomplete:
            said = {"true": 2, "unknown": 1, "false": 0}[reason.holds]
            if said != case.truths[f"rule:{reason.rule}"]:
                yield f"{where}: `{reason.rule}` is said to be {reason.holds} and is not"
    if not (decision.engines.program and decision.engines.durable_rules and decision.version):
        yield "a version is not stated"


def the_facts_cited_are_enough(case: Case) -> Violations:
    """The facts a reason cites, and nothing else, still make its rule hold."""
    seen: set[str] = set()
    for where, reason in reasons_of(case):
        if reason.holds != "true" or reason.rule in seen or case.decision.incomplete:
            continue
        seen.add(reason.rule)
        values = {used.fact: case.facts[used.fact] for used in reason.facts}
        if _truth(case, case.network, f"rule:{reason.rule}", values) != TRUE:
            yield f"{where}: the facts cited do not make `{reason.rule}` hold"


def _truth(case: Case, network: Network, name: str, values: dict[str, object]) -> int:
    nodes: dict[str, int] = {}

    def work_out(node: str) -> None:
        for earlier in references_of(network.conditions[node]):
            if earlier not in nodes:
                work_out(earlier)
        condition = network.conditions[node]
        nodes[node] = evaluate(condition, values, case.settings, case.patient.on, nodes)

    work_out(name)
    return nodes[name]


def a_fault_is_never_routine(case: Case) -> Violations:
    decision = case.decision
    if decision.incomplete != bool(decision.faults):
        yield "faults and incompleteness do not fit together"
    if not decision.incomplete:
        return
    if decision.urgency is Urgency.U3:
        yield "an incomplete answer is called routine"
    if case.offers:
        yield f"{sorted(case.offers)} is offered by an incomplete answer"
    if decision.screen_complete:
        yield "the screen of an incomplete answer counts as complete"
    if not any("incomplete" in caveat.lower() for caveat in decision.caveats):
        yield "an incomplete answer has no caveat that says so"
    if "incomplete" not in decision.urgency_text:
        yield "the urgency of an incomplete answer does not say so"


def hashes_name_what_ran(case: Case) -> Violations:
    decision, receipt = case.decision, case.decision.receipt
    if not case.pathway.content_hash == decision.content_hash == receipt.content:
        yield "the content hash is not that of the pathway that ran"
    if receipt.facts != sha256(patient_input(case.patient)):
        yield "the receipt names other facts"
    empty = receipt.model_copy(update={"decision": ""})
    whole = decision.model_copy(update={"receipt": empty})
    if receipt.decision != sha256(whole.model_dump(mode="json")):
        yield "the receipt names another decision"


def nothing_is_said_twice(case: Case) -> Violations:
    texts = [step.text for step in case.decision.next_steps]
    if len(set(texts)) != len(texts):
        yield "two next steps say the same"
    facts = [item.fact for item in case.decision.missing]
    if len(set(facts)) != len(facts):
        yield "one question is asked twice"
    asked = [step for step in case.decision.next_steps if step.kind == "ask"]
    if len(asked) > MOST_ASKED:
        yield f"{len(asked)} questions stand among the next steps"
    for item in case.decision.treatments:
        rules = [reason.rule for reason in (*item.reasons, *item.cautions)]
        if len(set(rules)) != len(rules):
            yield f"`{item.treatment}` gives one reason twice"


def no_promise(case: Case) -> Violations:
    decision = case.decision
    texts = [decision.urgency_text, *decision.caveats]
    texts += [step.text for step in decision.next_steps]
    texts += [
        text for item in decision.treatments for text in (item.summary, item.expect, *item.shows)
    ]
    texts += [reason.says for _, reason in reasons_of(case)]
    if any(PROMISES.search(text) for text in texts):
        yield "a text promises relief or cure"


INVARIANTS = (
    Invariant("INV-E2", "engine and evaluator agree", two_voices_agree),
    Invariant("INV-E4", "every offer, block, caution and sign has rule, facts and source",
              every_line_has_its_reason),
    Invariant("INV-E5", "the facts cited by a reason alone still fire its rule",
              the_facts_cited_are_enough),
    Invariant("INV-E7", "a fault makes the answer incomplete, never routine, never an offer",
              a_fault_is_never_routine),
    Invariant("INV-E8", "the hashes are those of what ran", hashes_name_what_ran),
    Invariant("INV-E9", "no two lines say the same", nothing_is_said_twice),
    Invariant("INV-E10", "no text promises relief or cure", no_promise),
)  # fmt: skip

RELATIONS = (Relation("INV-E1", "same patient, same date, same bytes", asked_again, same_bytes),)
