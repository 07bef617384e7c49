"""Two versions side by side: every change is named, and every patient it reaches, with the direction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from api.library import pathway_files
from pathways.loader import load_pathway
from rules.check import Checker
from rules.comparing.impact import Version
from rules.decide import Decider
from rules.versions import Pair, compare_versions, version_text
from schemas.condition import Compare
from schemas.decision import Decision
from schemas.errors import SettingsError
from schemas.pathway import Effect, Urgency
from schemas.patient import Patient
from schemas.versions import AnswerChange, LookChange, PartChange, VersionReport
from schemas.vignette import Vignette
from tests.unit.versions.conftest import Edit, Edition, setting_to, without

Pairs = list[Pair]
Vignettes = tuple[Vignette, ...]


def compare(old: Edition, new: Edition, cases: Vignettes = (), cohort: Any = None) -> VersionReport:
    return compare_versions(old.pathway, new.pathway, old.decider, new.decider, cases, cohort)


def named(report: VersionReport, part: str, id: str) -> PartChange:
    return next(each for each in report.parts if (each.part, each.id) == (part, id))


def changed_looks(report: VersionReport) -> set[tuple[str, str]]:
    return {(each.vignette, each.look) for each in report.looks if each.change.differs}


def answer(decision: Decision) -> tuple[Any, ...]:
    """What two full decisions are compared by: nothing here comes from the code under test."""
    return (
        decision.urgency, decision.state, decision.screen_complete,
        tuple(sorted(sign.id for sign in decision.red_signs)),
        tuple((item.treatment, item.verdict) for item in decision.treatments),
    )  # fmt: skip


def looks_that_differ(old: Edition, new: Edition, cases: Vignettes) -> set[tuple[str, str]]:
    """Decide every look in full with both versions, engine and all."""
    readers = Checker(old.pathway), Checker(new.pathway)
    found = set()
    for vignette in cases:
        for look in vignette.looks:
            one, other = (
                answer(edition.decider.decide(reader.check(look.input, dt.date.min)))
                for edition, reader in zip((old, new), readers, strict=True)
            )
            if one != other:
                found.add((vignette.id, look.name))
    return found


# Nothing changed


@pytest.mark.hazard("H-50")
def test_between_a_version_and_itself_nothing_is_changed(
    shipped: Edition, vignettes: Vignettes, pairs: Pairs
) -> None:
    report = compare(shipped, shipped, vignettes, pairs)

    assert report.same
    assert report.parts == ()
    assert report.looks == ()
    assert report.looks_compared == sum(len(each.looks) for each in vignettes)
    assert report.cohort is not None
    assert (report.cohort.patients, report.cohort.changed) == (len(pairs), 0)
    assert version_text(report).splitlines()[-1] == "nothing changed"


def test_the_same_documents_loaded_twice_are_the_same_version(shipped: Edition) -> None:
    files = pathway_files("fbss")
    texts = {name: text for name, text in files.items() if not name.startswith("vignettes/")}

    again = load_pathway(texts)

    report = compare(shipped, Edition(again, Decider(again, "test")))
    assert report.same


def test_documents_that_differ_only_in_prose_say_so(edited: Edit, shipped: Edition) -> None:
    new = edited(version=shipped.pathway.version)

    assert "prose" in version_text(compare(shipped, new))


# A threshold


@pytest.fixture(scope="module")
def stricter(edited: Edit, shipped: Edition) -> Edition:
    now = shipped.pathway.settings["pain_severe_nrs"].value
    return edited(settings=setting_to(shipped.pathway, "pain_severe_nrs", now + 1))


@pytest.mark.hazard("H-35")
def test_a_changed_threshold_is_named_with_both_values_and_the_rules_that_rest_on_it(
    shipped: Edition, stricter: Edition
) -> None:
    change = named(compare(shipped, stricter), "setting", "pain_severe_nrs")
    now = shipped.pathway.settings["pain_severe_nrs"].value

    assert change.kind == "changed"
    assert [(f.field, f.before, f.after) for f in change.fields] == [
        ("value", str(now), str(now + 1))
    ]
    assert "opioid-severe-pain" in change.read_by
    assert "nsaid-allergy" not in change.read_by


@pytest.mark.hazard("H-50")
def test_a_changed_threshold_names_exactly_the_patients_that_full_decisions_answer_differently(
    shipped: Edition, stricter: Edition, vignettes: Vignettes
) -> None:
    expected = looks_that_differ(shipped, stricter, vignettes)
    report = compare(shipped, stricter, vignettes)

    assert expected
    assert changed_looks(report) == expected
    assert all(look.change.differs for look in report.looks[: len(expected)])


def test_a_stricter_threshold_for_opioids_is_less_invasive_and_taking_it_back_is_more(
    shipped: Edition, stricter: Edition, vignettes: Vignettes
) -> None:
    there = [x.change for x in compare(shipped, stricter, vignettes).looks if x.change.differs]
    back = [x.change for x in compare(stricter, shipped, vignettes).looks if x.change.differs]

    assert {change.invasive for change in there} == {"less-invasive"}
    assert {change.invasive for change in back} == {"more-invasive"}
    assert {change.urgent for change in (*there, *back)} == {"as-urgent"}
    assert all("opioid-severe-pain" in change.rules_lost for change in there)
    assert all("opioid-severe-pain" in change.rules_gained for change in back)


def test_a_threshold_inside_a_rule_names_the_rule_with_both_conditions_in_words(
    shipped: Edition, edited: Edit
) -> None:
    rules = shipped.pathway.rules
    rule = next(r for r in rules.values() if isinstance(r.when, Compare) and r.when.setting)
    bound = Decimal(12345)
    when = rule.when.model_copy(update={"setting": None, "bound": bound})
    new = edited(rules={**rules, rule.id: rule.model_copy(update={"when": when})})

    change = named(compare(shipped, new), "rule", rule.id)

    assert [field.field for field in change.fields] == ["condition"]
    assert "12345" in change.fields[0].after
    assert "12345" not in change.fields[0].before
    assert change.place == str(rule.place)


def test_a_condition_written_differently_but_said_alike_is_still_named(
    shipped: Edition, edited: Edit
) -> None:
    rules = shipped.pathway.rules
    rule = next(r for r in rules.values() if isinstance(r.when, Compare) and r.when.setting)
    same = shipped.pathway.settings[rule.when.setting].value
    when = rule.when.model_copy(update={"setting": None, "bound": same})
    new = edited(rules={**rules, rule.id: rule.model_copy(update={"when": when})})

    change = named(compare(shipped, new), "rule", rule.id)

    assert change.fields[0].after == f"{change.fields[0].before} (written differently)"


# Blocks and red signs


@pytest.mark.hazard("H-35")
def test_a_removed_block_is_named_and_makes_its_patient_more_invasive(
    shipped: Edition, edited: Edit, vignettes: Vignettes
) -> None:
    new = edited(rules=without(shipped.pathway.rules, "nsaid-kidney-failure"))

    report = compare(shipped, new, vignettes)

    assert named(report, "rule", "nsaid-kidney-failure").kind == "removed"
    assert changed_looks(report) == looks_that_differ(shipped, new, vignettes) != set()
    for look in report.looks:
        if look.change.differs:
            assert look.change.invasive == "more-invasive"
            assert [(each.treatment, each.before) for each in look.change.verdicts] == [
                ("nsaid", "block")
            ]
            assert "nsaid-kidney-failure" in look.change.rules_lost


def test_every_block_that_holds_for_a_patient_makes_him_more_invasive_when_it_is_removed(
    shipped: Edition, edited: Edit, vignettes: Vignettes
) -> None:
    """A removed block may change nothing, where another stands behind it; what it changes has one direction."""
    version = Version(shipped.pathway, shipped.decider)
    reader = Checker(shipped.pathway)
    looks = [look for vignette in vignettes for look in vignette.looks]
    holding = set().union(
        *(version.answer(reader.check(look.input, dt.date.min)).rules for look in looks)
    )
    blocks = [
        rule
        for rule in shipped.pathway.rules.values()
        if rule.effect is Effect.BLOCK and rule.id in holding
    ]
    changes: list[AnswerChange] = []
    for rule in blocks[::3]:
        new = edited(rules=without(shipped.pathway.rules, rule.id))
        found = compare(shipped, new, vignettes).looks
        changes += [look.change for look in found if look.change.differs]

    assert len(changes) > 3
    assert {change.invasive for change in changes} == {"more-invasive"}


@pytest.mark.hazard("H-01")
def test_a_removed_red_sign_is_less_urgent_and_names_the_sign_that_was_lost(
    shipped: Edition, edited: Edit, vignettes: Vignettes
) -> None:
    raising = [r.id for r in shipped.pathway.rules.values() if r.effect is Effect.RED_SIGN]
    new = edited(rules=without(shipped.pathway.rules, *raising[:-1]))

    looks = [each for each in compare(shipped, new, vignettes).looks if each.change.signs_lost]

    assert looks
    for each in looks:
        assert each.change.urgent == "less-urgent"
        assert each.change.state is not None
        assert each.change.state[0] == "red-sign"


def test_a_raised_urgency_is_more_urgent_and_taking_it_back_is_less(
    shipped: Edition, edited: Edit, vignettes: Vignettes
) -> None:
    rules = {
        name: rule.model_copy(update={"urgency": Urgency.U0})
        if rule.effect is Effect.RED_SIGN and rule.urgency is Urgency.U2
        else rule
        for name, rule in shipped.pathway.rules.items()
    }

    new = edited(rules=rules)

    raised = [each.change for each in compare(shipped, new, vignettes).looks if each.change.urgency]
    back = [each.change for each in compare(new, shipped, vignettes).looks if each.change.urgency]

    assert raised
    assert {change.urgent for change in raised} == {"more-urgent"}
    assert {change.urgent for change in back} == {"less-urgent"}


def test_a_changed_caution_leaves_the_answer_and_is_told_apart(
    shipped: Edition, edited: Edit, vignettes: Vignettes
) -> None:
    cautions = [r.id for r in shipped.pathway.rules.values() if r.effect is Effect.CAUTION]
    new = edited(rules=without(shipped.pathway.rules, *cautions))

    report = compare(shipped, new, vignettes)

    assert report.looks
    assert changed_looks(report) == set()
    assert all(look.change.differs_in_reasons for look in report.looks)
    assert "Same answer, other reasons" in version_text(report)
    assert not report.same


def test_looks_with_another_answer_come_before_looks_with_other_reasons(
    shipped: Edition, edited: Edit, vignettes: Vignettes
) -> None:
    cautions = [r.id for r in shipped.pathway.rules.values() if r.effect is Effect.CAUTION]
    new = edited(rules=without(shipped.pathway.rules, *cautions, "nsaid-kidney-failure"))

    looks = compare(shipped, new, vignettes).looks

    differs = [look.change.differs for look in looks]
    assert set(differs) == {True, False}
    assert differs == sorted(differs, reverse=True)
    assert [x.vignette for x in looks if not x.change.differs] == sorted(
        x.vignette for x in looks if not x.change.differs
    )


# Cohorts


@pytest.mark.hazard("H-50")
def test_the_share_of_a_cohort_is_that_of_full_decisions(
    shipped: Edition, stricter: Edition, pairs: Pairs
) -> None:
    cohort = pairs
    expected = sum(
        answer(shipped.decider.decide(one)) != answer(stricter.decider.decide(other))
        for one, other in cohort
        if one and other
    )

    impact = compare(shipped, stricter, cohort=cohort).cohort

    assert impact is not None
    assert impact.changed == expected > 0
    assert impact.patients == len(pairs)
    assert (impact.less_invasive, impact.more_invasive) == (expected, 0)
    assert impact.kinds == {"verdicts": expected}
    assert sum(each.patients for each in impact.transitions) == expected
    assert {each.treatment for each in impact.transitions} == {"opioid"}


def test_patients_for_whom_only_reasons_differ_are_counted_apart_from_the_changed(
    shipped: Edition, stricter: Edition, pairs: Pairs
) -> None:
    old, new = (Version(each.pathway, each.decider) for each in (shipped, stricter))
    answers = [(old.answer(one), new.answer(other)) for one, other in pairs if one and other]
    expected = sum(
        one.outline == other.outline and one.rules != other.rules for one, other in answers
    )

    impact = compare(shipped, stricter, cohort=pairs).cohort

    assert impact is not None
    assert impact.reasons_only == expected > 0


def test_a_patient_the_new_version_cannot_read_is_counted_apart(
    shipped: Edition, stricter: Edition, pairs: Pairs
) -> None:
    cohort = pairs[:60]
    halved: list[Pair] = [
        (one, other if at % 2 else None) for at, (one, other) in enumerate(cohort)
    ]
    halved.append((None, cohort[0][1]))

    report = compare(shipped, stricter, cohort=halved)

    assert report.cohort is not None
    assert report.cohort.patients == 30
    assert (report.cohort.unreadable_new, report.cohort.unreadable_old) == (30, 1)
    assert "30 could not be read by the new version" in version_text(report).splitlines()[-1]


def test_versions_that_differ_only_in_whom_they_can_read_are_not_the_same(
    shipped: Edition, pairs: Pairs
) -> None:
    one, _ = pairs[0]

    assert not compare(shipped, shipped, cohort=[(one, None)]).same


def test_a_cohort_is_gone_through_once_and_may_be_a_stream(shipped: Edition, pairs: Pairs) -> None:
    cohort = pairs

    def stream() -> Iterator[Pair]:
        yield from cohort

    report = compare(shipped, shipped, cohort=stream())

    assert report.cohort is not None
    assert report.cohort.patients == len(cohort)


def test_an_empty_cohort_has_no_shares(shipped: Edition, stricter: Edition) -> None:
    line = version_text(compare(shipped, stricter, cohort=[])).splitlines()[-1]

    assert "0 of 0 patients" in line
    assert "%" not in line


def test_a_settings_profile_that_one_version_lacks_is_refused(
    shipped: Edition, pairs: Pairs
) -> None:
    patient, _ = pairs[0]
    assert isinstance(patient, Patient)
    stranger = patient.model_copy(update={"settings": "nobody-has-this"})

    with pytest.raises(SettingsError):
        compare(shipped, shipped, cohort=[(stranger, stranger)])


# Looks that cannot be compared


def test_a_look_that_states_a_fact_the_new_version_has_dropped_is_told_with_the_reason(
    shipped: Edition, vignettes: Vignettes
) -> None:
    facts = without(shipped.pathway.facts, "odi_percent")
    new = shipped.pathway.model_copy(update={"facts": facts})
    asked = {
        (vignette.id, look.name)
        for vignette in vignettes
        for look in vignette.looks
        if "odi_percent" in look.input["facts"]
    }

    report = compare(shipped, Edition(new, shipped.decider), vignettes)

    assert asked
    assert {(each.vignette, each.look) for each in report.unreadable} == asked
    assert {each.version for each in report.unreadable} == {"new"}
    assert {each.codes for each in report.unreadable} == {("unknown-field",)}
    assert f"{len(asked)} looks could not be compared" in version_text(report)
    assert named(report, "fact", "odi_percent").kind == "removed"


def test_a_look_without_a_date_is_not_compared(shipped: Edition, vignettes: Vignettes) -> None:
    look = vignettes[0].looks[0]
    undated = look.model_copy(update={"input": without(look.input, "on")})
    case = vignettes[0].model_copy(update={"looks": (undated,)})

    report = compare(shipped, shipped, (case,))

    assert report.looks_compared == 0
    assert [each.codes for each in report.unreadable] == [("no-date",), ("no-date",)]
    assert not report.same


# The text


def test_the_text_names_every_part_every_look_and_every_shift(
    shipped: Edition, stricter: Edition, vignettes: Vignettes, pairs: Pairs
) -> None:
    report = compare(shipped, stricter, vignettes, pairs)
    text = version_text(report)

    assert all(f"`{part.id}`" in text for part in report.parts)
    for look in report.looks:
        assert look.vignette in text
        for shift in look.change.verdicts:
            assert f"{shift.treatment}: {shift.before} -> {shift.after}" in text
    line = text.splitlines()[-1]
    count, whole = len(changed_looks(report)), report.looks_compared
    assert f"{count} of {whole} looks answered differently" in line
    assert "less invasive" in line


def test_a_report_survives_its_own_json(
    shipped: Edition, stricter: Edition, vignettes: Vignettes, pairs: Pairs
) -> None:
    report = compare(shipped, stricter, vignettes, pairs)

    assert VersionReport.model_validate_json(report.model_dump_json()) == report
    assert all(isinstance(look, LookChange) for look in report.looks)
