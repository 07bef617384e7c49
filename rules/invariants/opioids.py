"""Laws of opioids and sedatives: never first, never open-ended, never unwarned (INV-O1 to O8)."""

from __future__ import annotations

import re

from rules.invariants.case import Case, Invariant, Violations
from rules.invariants.stages import begun, gentle_first
from rules.leaves import is_within
from rules.truth import FALSE
from schemas.decision import Verdict

OPIOID = "opioid"
MEDICINES = ("nsaid", "muscle-relaxant", "neuropathic-agent")
ABRUPT = re.compile(
    r"(?<!no )(?<!not )(?<!never )\b(stop abruptly|abrupt stop|stop at once)\b", re.I
)


def never_the_first_nor_the_only(case: Case) -> Violations:
    if OPIOID not in case.offers:
        return
    yield from gentle_first(case)
    # Around an operation a short course waits for no other medicine (INV-O1-only of the proofs says the same).
    if case.offers == {OPIOID} and not around_surgery(case):
        for name in MEDICINES:
            if case.verdict(name) is Verdict.NEEDS_DATA and not begun(case, name):
                yield f"the opioid is the only offer while `{name}` is not settled"


def short_with_a_stop_and_a_warning(case: Case) -> Violations:
    if OPIOID not in case.offers:
        return
    item = case.treatments[OPIOID]
    shown = " ".join([*item.shows, item.summary, *(reason.says for reason in item.reasons)]).lower()
    for word, what in (
        ("short", "a short course"),
        ("stop", "a stop date"),
        ("addict", "addiction"),
    ):
        if word not in shown:
            yield f"an opioid is offered without a word on {what}"
    if not case.is_true("opioid_goal_and_stop_date_agreed"):
        yield "an opioid is offered without an agreed goal and stop date"


def not_with_a_benzodiazepine(case: Case) -> Violations:
    if OPIOID not in case.offers:
        return
    if "taking_benzodiazepine" not in case.facts:
        yield "an opioid is offered although it is unknown whether a benzodiazepine is taken"
    if case.is_true("taking_benzodiazepine") and not case.is_true("justified_opioid"):
        yield "an opioid is offered beside a benzodiazepine without a recorded reason"


def use_disorder_blocks(case: Case) -> Violations:
    word = case.facts.get("opioid_use_disorder")
    firm = case.decision.incomplete or case.verdict(OPIOID) is Verdict.BLOCK
    if word == "active-untreated" and not firm:
        yield f"opioid is `{case.verdict(OPIOID)}` in an active use disorder"
    if word is None and OPIOID in case.offers:
        yield "an opioid is offered although a use disorder was not asked about"


def a_past_use_disorder_is_warned_of(case: Case) -> Violations:
    word = case.facts.get("opioid_use_disorder")
    if word == "treated-or-past" and OPIOID in case.offers:
        topics = {reason.topic for reason in case.treatments[OPIOID].cautions}
        if "naloxone" not in topics:
            yield "an opioid is offered after a use disorder without the warning"


def never_started_twice(case: Case) -> Violations:
    if case.is_true("taking_opioid") and OPIOID in case.offers:
        yield "an opioid is offered although one is taken"


def what_is_taken_is_reviewed_and_never_stopped_at_once(case: Case) -> Violations:
    reviewed = any("review" in item.text.lower() for item in case.decision.advice)
    if case.is_true("taking_opioid") and not reviewed and not case.decision.incomplete:
        yield "an opioid is taken and no review is advised"
    texts = [item.text for item in case.decision.advice]
    texts += [step.text for step in case.decision.next_steps]
    texts += [item.summary for item in case.decision.treatments]
    if any(ABRUPT.search(text) for text in texts):
        yield "an abrupt stop is advised"


def naloxone_with_a_breathing_risk(case: Case) -> Violations:
    if OPIOID not in case.offers:
        return
    facts, settings = case.facts, case.settings
    doses = [facts.get("mme_per_day"), facts.get("medication_mme_per_day")]
    risks = {
        "sleep apnoea": case.is_true("sleep_apnoea"),
        "age": facts.get("age", 0) >= settings["age_older"],
        "kidney": facts.get("egfr", 1_000) < settings["egfr_severe"],
        "liver": facts.get("liver_disease") == "moderate-or-severe",
        "dose": any(dose is not None and dose >= settings["mme_risk_per_day"] for dose in doses),
    }
    topics = {reason.topic for reason in case.treatments[OPIOID].cautions}
    if any(risks.values()) and "naloxone" not in topics:
        risk = next(name for name, holds in risks.items() if holds)
        yield f"an opioid is offered without naloxone in spite of {risk}"


def never_the_three_together(case: Case) -> Violations:
    taken = {name for name in ("opioid", "benzodiazepine", "muscle_relaxant")
             if case.is_true(f"taking_{name}")}  # fmt: skip
    offered = {name.replace("-", "_") for name in case.offers & {"opioid", "muscle-relaxant"}}
    if "benzodiazepine" in taken and offered and {"opioid", "muscle_relaxant"} <= taken | offered:
        yield "opioid, benzodiazepine and muscle relaxant come together"


def only_for_severe_pain_or_around_surgery(case: Case) -> Violations:
    if OPIOID not in case.offers:
        return
    scores = [case.facts.get(name) for name in ("pain_back_nrs", "pain_leg_nrs")]
    severe = any(s is not None and s >= case.settings["pain_severe_nrs"] for s in scores)
    if not severe and not around_surgery(case):
        yield "an opioid is offered although pain is not severe and no operation is near"


def around_surgery(case: Case) -> bool:
    """Tell whether an operation is certainly near and a short course around it is wanted."""
    on, settings = case.patient.on, case.settings
    planned, last = case.facts.get("planned_spine_surgery"), case.facts.get("last_lumbar_surgery")
    before = int(settings["perioperative_before_days"])
    after = int(settings["perioperative_after_days"])
    near = (planned is not None and is_within(planned, before, "future", on) != FALSE) or (
        last is not None and is_within(last, after, "past", on) != FALSE
    )
    return near and case.is_true("opioid_justified_by_planned_surgery")


INVARIANTS = (
    Invariant("INV-O1", "an opioid is never the first medicine, nor the only offer while another is open",
              never_the_first_nor_the_only, outline=True),
    Invariant("INV-O2", "an opioid is short, has a stop date and warns of addiction",
              short_with_a_stop_and_a_warning),
    Invariant("INV-O3", "no opioid beside a benzodiazepine without a recorded reason",
              not_with_a_benzodiazepine, outline=True),
    Invariant("INV-O4", "an active use disorder blocks, an unasked one waits", use_disorder_blocks, outline=True),
    Invariant("INV-O4b", "a past use disorder is warned of, with naloxone",
              a_past_use_disorder_is_warned_of),
    Invariant("INV-O5", "an opioid already taken is never begun again", never_started_twice, outline=True),
    Invariant("INV-O5b", "an opioid already taken is reviewed, never stopped at once",
              what_is_taken_is_reviewed_and_never_stopped_at_once),
    Invariant("INV-O6", "naloxone is named where breathing is at risk", naloxone_with_a_breathing_risk),
    Invariant("INV-O7", "opioid, benzodiazepine and relaxant never together", never_the_three_together, outline=True),
    Invariant("INV-O8", "an opioid only in severe pain or around an operation",
              only_for_severe_pain_or_around_surgery, outline=True),
)  # fmt: skip
