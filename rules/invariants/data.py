"""Laws of what the data mean: unknown is not no, order and repetition mean nothing, old is unknown (INV-D1 to D13)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from rules.comparisons import borders_of
from rules.gravity import leaves_open
from rules.invariants.case import Case, Change, Invariant, Relation, Violations
from rules.invariants.changes import (
    LISTS,
    answers,
    guarded,
    known_facts,
    rows_of,
    unknown_facts,
    value_of,
    with_fact,
    with_list,
    with_row,
    without_fact,
)
from rules.invariants.red_signs import OPEN
from rules.truth import FALSE, TRUE
from schemas.decision import Verdict
from schemas.facts import FactKind
from schemas.pathway import plain_spelling

ROW_DATES = {
    "trials": ("started", "ended"),
    "medications": ("started", "stopped"),
    "surgeries": ("date",),
}
SETTLED: Mapping[Verdict, frozenset[Verdict]] = {
    Verdict.RECOMMEND: frozenset({Verdict.RECOMMEND}),
    # Learning what the default step is may make a consider a recommend; it stays an offer.
    Verdict.CONSIDER: frozenset({Verdict.CONSIDER, Verdict.RECOMMEND}),
    Verdict.BLOCK: frozenset({Verdict.BLOCK}),
    # A graver verdict that was still open may turn up before the one already certain.
    Verdict.BLOCK_UNLESS_JUSTIFIED: frozenset({Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED}),
    Verdict.ON_HOLD: frozenset({Verdict.ON_HOLD, Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED}),
}
"""What a verdict may become when one more fact is learned."""


def _differences(before: Case, after: Case, *ignored: str) -> Violations:
    first = before.decision.model_dump(mode="json")
    second = after.decision.model_dump(mode="json")
    for name in first:
        if name not in ("receipt", *ignored) and first[name] != second[name]:
            yield f"`{name}` of the decision is not the same"


def answered_no(case: Case) -> Iterator[Change]:
    """Every unanswered yes/no question and sign answered: once with no, once with yes."""
    for name in unknown_facts(case):
        kind = case.pathway.facts[name].kind
        if kind is FactKind.BOOLEAN:
            for value in (False, True):
                yield Change(f"`{name}` is answered", name, with_fact(case.data, name, value))
        elif kind is FactKind.SIGN:
            for word in ("none", *OPEN):
                yield Change(f"`{name}` is answered", name, with_fact(case.data, name, word))


def unknown_was_not_read_as_no(before: Case, after: Case, change: Change) -> Violations:
    name = change.about
    if name in guarded(before):
        return
    opened = after.red.keys() - before.red.keys()
    if opened:
        if name not in before.asked:
            yield f"a yes opens {sorted(opened)} and it was not asked for"
        if before.decision.screen_complete:
            yield f"a yes opens {sorted(opened)} and the screen counted as complete"
    lost = before.offers - after.offers
    if lost:
        yield f"{sorted(lost)} was offered before the answer and is not after it"


def written_otherwise(case: Case) -> Iterator[Change]:
    """Every unanswered question sent as null, as an object without a value, and with the reason why."""
    names = unknown_facts(case)
    for words, value in (("null", None), ("an object without a value", {"value": None})):
        facts = {**case.data["facts"], **dict.fromkeys(names, value)}
        yield Change(f"unanswered questions sent as {words}", "", {**case.data, "facts": facts})
    asked = {"value": None, "unknown": "asked-but-unknown"}
    for name in names:
        yield Change(f"`{name}` asked but unknown", "why", with_fact(case.data, name, asked))
    nulls = {key: case.data.get(key) for key in (*LISTS, "overrides")}
    yield Change("lists not given sent as null", "", {**case.data, **nulls})


def same_but_the_why(before: Case, after: Case, change: Change) -> Violations:
    if change.about != "why":
        yield from _differences(before, after)
        return
    yield from _differences(before, after, "missing", "input")
    asked = [
        [item.model_copy(update={"why_unknown": ""}) for item in case.decision.missing]
        for case in (before, after)
    ]
    if asked[0] != asked[1]:
        yield "other questions are asked"


def in_another_order(case: Case) -> Iterator[Change]:
    facts = dict(reversed(list(case.data["facts"].items())))
    yield Change("facts in reverse", "facts", {**case.data, "facts": facts})
    for name in (*LISTS, "overrides"):
        rows = rows_of(case.data, name)
        if len(rows) > 1:
            for words, order in (("in reverse", rows[::-1]), ("turned", rows[1:] + rows[:1])):
                yield Change(f"{name} {words}", name, with_list(case.data, name, order))


def same_but_positions(before: Case, after: Case, change: Change) -> Violations:
    yield from _differences(before, after, "not_used")
    whys = [sorted(item.why for item in case.decision.not_used) for case in (before, after)]
    if whys[0] != whys[1]:
        yield "something else was left unused"


def same_but_input(before: Case, after: Case, change: Change) -> Violations:
    yield from _differences(before, after, "not_used", "input")


def said_twice(case: Case) -> Iterator[Change]:
    """Every list with each entry twice, once as it is and once with its numbers written otherwise."""
    for name in (*LISTS, "overrides"):
        rows = rows_of(case.data, name)
        if rows:
            twice = with_list(case.data, name, [*rows, *rows])
            yield Change(f"{name} said twice", name, twice)
            other = with_list(case.data, name, [*rows, *(_as_decimals(row) for row in rows)])
            yield Change(f"{name} said twice, numbers with a point", name, other)


def _as_decimals(row: Mapping[str, Any]) -> dict[str, Any]:
    decimal = ("weeks", "relief_percent", "dose_mg_per_day")
    return {key: float(value) if key in decimal and value is not None else value
            for key, value in row.items()}  # fmt: skip


def words_no_rule_reads(case: Case) -> Iterator[Change]:
    """Free text, where a fact came from, a treatment outside the nine, and a medicine nobody knows."""
    for name in ("trials", "surgeries"):
        rows = [{**row, "level": "L4-L5 as dictated"} for row in rows_of(case.data, name)]
        if rows:
            yield Change(f"a level noted in {name}", "text", with_list(case.data, name, rows))
    for name in known_facts(case):
        told = {"value": value_of(case.data, name), "source": "letter of the clinic"}
        raw = case.data["facts"][name]
        if not isinstance(raw, Mapping):
            yield Change(f"a source noted for `{name}`", "text", with_fact(case.data, name, told))
    if case.data.get("medications") is not None:
        row = {"agent": "a medicine nobody has heard of"}
        changed = with_row(case.data, "medications", row)
        yield Change("a medicine nobody knows", "counted", changed)
    if case.data.get("trials") is not None:
        other: dict[str, Any] = {"treatment": "other", "agent": "mud packs", "relief_percent": 10}
        yield Change("a treatment outside the nine", "text", with_row(case.data, "trials", other))


def nothing_is_offered_for_it(before: Case, after: Case, change: Change) -> Violations:
    verdicts = [{n: i.verdict for n, i in case.treatments.items()} for case in (before, after)]
    if verdicts[0] != verdicts[1]:
        yield "a verdict changes"
    if before.red != after.red or before.decision.urgency != after.decision.urgency:
        yield "a red sign or the urgency changes"
    counted = len(after.decision.not_used) - len(before.decision.not_used)
    if change.about == "counted" and counted != 1:
        yield f"{counted} entries more are counted as not used, not one"


def unknown_names_are_counted(case: Case) -> Violations:
    """A name no rule knows is named as not used, in a trial as well as in the medicines."""
    used = {item.where for item in case.decision.not_used}
    spelled = case.pathway.spellings
    rows = [("medications", medication.agent) for medication in case.patient.medications or ()]
    for trial in case.patient.trials or ():
        treatment = case.pathway.treatments.get(trial.treatment)
        if treatment is not None and treatment.agents and trial.agent is not None:
            rows.append(("trials", trial.agent))
    for name, agent in rows:
        if plain_spelling(agent) not in spelled and f"{name}: {agent}" not in used:
            yield f"an unknown medicine in `{name}` is not counted as not used"


def too_old(case: Case) -> Iterator[Change]:
    """Every fact with a shelf life recorded one day before it began, compared with the fact left out."""
    on = case.patient.on
    for name in known_facts(case):
        shelf = case.pathway.facts[name].shelf_days
        if shelf is not None:
            day = (on - dt.timedelta(days=shelf + 1)).isoformat()
            told = {"value": value_of(case.data, name), "date": day}
            yield Change(
                f"`{name}` one day past its shelf life", name,
                with_fact(case.data, name, told), without_fact(case.data, name),
            )  # fmt: skip


def old_is_unknown_and_named(before: Case, after: Case, change: Change) -> Violations:
    yield from _differences(before, after, "stale", "missing", "input")
    if change.about not in {item.fact for item in after.decision.stale}:
        yield "it is not named as stale"
    if before.asked != after.asked:
        yield "other questions are asked than for a fact never recorded"


def still_fresh(case: Case) -> Iterator[Change]:
    """Every fact with a shelf life recorded on its last day, compared with the fact without a date."""
    on = case.patient.on
    for name in known_facts(case):
        shelf = case.pathway.facts[name].shelf_days
        if shelf is not None:
            value = value_of(case.data, name)
            day = (on - dt.timedelta(days=shelf)).isoformat()
            yield Change(
                f"`{name}` on the last day of its shelf life", name,
                with_fact(case.data, name, {"value": value, "date": day}),
                with_fact(case.data, name, value),
            )  # fmt: skip


def fresh_counts(before: Case, after: Case, change: Change) -> Violations:
    nodes = [name for name, truth in before.truths.items() if after.truths[name] != truth]
    if nodes or change.about in {item.fact for item in after.decision.stale}:
        yield "it does not count like an answer of today"
    yield from nothing_is_offered_for_it(before, after, Change("", "", {}))


def perhaps_fresh(case: Case) -> Iterator[Change]:
    """Every answer that leaves a red sign open dated by the year alone: it may be of today."""
    borders = borders_of(case.pathway)
    for name in known_facts(case):
        definition, value = case.pathway.facts[name], case.patient.facts[name].value
        if definition.shelf_days is not None and leaves_open(definition, value, borders):
            told = {"value": value_of(case.data, name), "date": str(case.patient.on.year)}
            yield Change(f"`{name}` dated by the year", name, with_fact(case.data, name, told))


def a_vague_date_closes_no_sign(before: Case, after: Case, change: Change) -> Violations:
    closed = before.red.keys() - after.red.keys()
    if closed:
        yield f"{sorted(closed)} is closed, though the answer may be of today"


def month_only(case: Case) -> Iterator[Change]:
    """Every date of a day written as its month, or its year: what it cannot settle must be unknown."""
    for name, keys in ROW_DATES.items():
        rows = rows_of(case.data, name)
        for at, row in enumerate(rows):
            for key in keys:
                if len(str(row.get(key) or "")) != 10:
                    continue
                for length, words in ((7, "month"), (4, "year")):
                    vaguer = {**row, key: str(row[key])[:length]}
                    changed = with_list(case.data, name, [*rows[:at], vaguer, *rows[at + 1 :]])
                    yield Change(f"`{key}` of {name} told by its {words}", name, changed)
    for name in known_facts(case):
        value = value_of(case.data, name)
        if case.pathway.facts[name].kind is FactKind.DATE and len(str(value)) == 10:
            for length, words in ((7, "month"), (4, "year")):
                changed = with_fact(case.data, name, str(value)[:length])
                yield Change(f"`{name}` told by its {words}", name, changed)


def less_opens_nothing(before: Case, after: Case) -> Violations:
    """What is said less exactly opens no offer, and closes no sign without asking."""
    opened = after.offers - before.offers
    if opened:
        yield f"{sorted(opened)} is offered only where less is known"
    closed = before.red.keys() - after.red.keys()
    if closed and after.decision.screen_complete:
        yield f"{sorted(closed)} is closed where less is known, and nothing is asked"


def vaguer_opens_nothing(before: Case, after: Case, change: Change) -> Violations:
    """A vaguer date may turn answers into questions; it may not turn a no into a yes."""
    yield from less_opens_nothing(before, after)


def contradictions_are_named(case: Case) -> Violations:
    facts = {
        name: entry.value
        for name, entry in case.patient.facts.items()
        if entry.value is not None and name not in {item.fact for item in case.reading.stale}
    }
    codes = {item.code for item in case.decision.conflicts}
    weak = facts.get("acute_foot_drop") is True or facts.get("weakness_mrc", 5) < 5
    if facts.get("leg_weakness") == "none" and weak:
        if "weakness-contradicts" not in codes:
            yield "weakness is denied and graded, and no conflict is named"
        if not case.red.keys() & {"R2", "R2b"}:
            yield "weakness is denied and graded, and no sign is open"
    if facts.get("suicidal_thoughts") == "none" and facts.get("phq9_item9", 0) > 0:
        if "suicidality-contradicts" not in codes:
            yield "thoughts of suicide are denied and marked, and no conflict is named"
        if "R13" not in case.red:
            yield "thoughts of suicide are denied and marked, and R13 is not open"
    dated = facts.get("gestation_weeks", 0) > 0 and "pregnancy-contradicts" not in codes
    if facts.get("pregnant") is False and dated:
        yield "pregnancy is denied and dated, and no conflict is named"


def a_list_not_given_is_asked_for(case: Case) -> Violations:
    for name in LISTS:
        if getattr(case.patient, name) is None or name in case.patient.incomplete:
            inside = case.truths["in_scope"] != 0 and not case.red
            if inside and name not in case.asked and not case.decision.incomplete:
                yield f"the list of {name} was not given as complete and is not asked for"


def perhaps_not_all(case: Case) -> Iterator[Change]:
    """Every list that was given as complete said to lack something."""
    for name in LISTS:
        if case.data.get(name) is not None and name not in case.patient.incomplete:
            said = {**case.data, "incomplete": [*case.patient.incomplete, name]}
            yield Change(f"the list of {name} may lack something", name, said)


def silence_settles_nothing(before: Case, after: Case, change: Change) -> Violations:
    """What a complete list settled may become a question, never its opposite; conditions that ask `known(x)` apart."""
    yield from less_opens_nothing(before, after)
    asked = guarded(before)
    for name, truth in before.truths.items():
        opposite = {truth, after.truths[name]} == {FALSE, TRUE}
        if opposite and not before.network.facts([name]) & asked:
            yield f"the conclusion `{name}` turns into its opposite"


def no_list_no_offer(case: Case) -> Violations:
    for name in LISTS:
        if f"{name}_listed" not in case.facts and case.offers:
            yield f"{sorted(case.offers)} is offered without the whole list of {name}"


def an_empty_list_is_shown_as_an_assumption(case: Case) -> Violations:
    empty = any(getattr(case.patient, name) == () for name in LISTS)
    shown = any("empty list" in caveat.lower() for caveat in case.decision.caveats)
    if empty and not shown and not case.decision.incomplete:
        yield "an empty list was read as none and it is not said"


def something_learned(case: Case) -> Iterator[Change]:
    """Every unanswered question answered, with every answer worth trying."""
    for name in unknown_facts(case):
        for value in answers(case, name):
            yield Change(f"`{name}` is answered", name, with_fact(case.data, name, value))


def learning_closes_no_other_sign(before: Case, after: Case, change: Change) -> Violations:
    for sign in before.red.keys() - after.red.keys():
        if change.about not in before.network.facts([f"sign:{sign}"]):
            yield f"{sign} is closed by an answer it does not read"
        elif change.about not in guarded(before):
            yield f"{sign} was open on unknown facts and is closed by an answer"


def learning_overturns_nothing(before: Case, after: Case, change: Change) -> Violations:
    """A conclusion once certain stays so, unless its conditions ask `known(x)` of the very fact."""
    if change.about in guarded(before) or before.decision.conflicts != after.decision.conflicts:
        return
    for name, truth in before.truths.items():
        if truth != 1 and after.truths[name] != truth:
            yield f"the conclusion `{name}` is overturned"
            break
    for name, item in before.treatments.items():
        allowed = SETTLED.get(item.verdict)
        if allowed is not None and after.verdict(name) not in allowed:
            yield f"`{name}` turns from `{item.verdict}` to `{after.verdict(name)}`"


INVARIANTS = (
    Invariant("INV-D5b", "a name no rule knows is counted as not used", unknown_names_are_counted),
    Invariant("INV-D10", "a contradiction is read the safer way and named", contradictions_are_named),
    Invariant("INV-D11", "without the lists nothing is offered", no_list_no_offer, outline=True),
    Invariant("INV-D11b", "a list not given, or not as complete, is asked for", a_list_not_given_is_asked_for),
    Invariant("INV-D13", "an empty list read as none is shown as an assumption",
              an_empty_list_is_shown_as_an_assumption),
)  # fmt: skip

RELATIONS = (
    Relation("INV-D1", "unknown is not no: what a yes would open was asked for",
             answered_no, unknown_was_not_read_as_no),
    Relation("INV-D2", "absent, null and without a value are one thing: unknown",
             written_otherwise, same_but_the_why),
    Relation("INV-D3", "the order of facts and lists does not matter", in_another_order, same_but_positions),
    Relation("INV-D4", "repeating an entry does not matter", said_twice, same_but_input),
    Relation("INV-D5", "free text and unknown names change no verdict and are counted",
             words_no_rule_reads, nothing_is_offered_for_it),
    Relation("INV-D6", "a fact past its shelf life acts as unknown and is named",
             too_old, old_is_unknown_and_named),
    Relation("INV-D6b", "a fact within its shelf life counts", still_fresh, fresh_counts),
    Relation("INV-D6c", "an answer that may be fresh and leaves a red sign open counts",
             perhaps_fresh, a_vague_date_closes_no_sign),
    Relation("INV-D8", "what a vague date cannot settle is unknown", month_only, vaguer_opens_nothing),
    Relation("INV-D11c", "a list that may lack something opens nothing, and what is not in it is unknown",
             perhaps_not_all, silence_settles_nothing),
    Relation("INV-D12", "learning closes no open sign, except the fact that settles it",
             something_learned, learning_closes_no_other_sign),
    Relation("INV-M1", "learning only refines: nothing certain is overturned",
             something_learned, learning_overturns_nothing),
)  # fmt: skip
