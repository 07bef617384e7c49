"""No kind of change in a pathway's documents escapes the comparison."""

from __future__ import annotations

from typing import Any

import pytest

from rules.comparing.parts import HEAD, KINDS, NAMED_ANYWAY, changed_parts
from schemas.pathway import Pathway
from schemas.versions import PartChange
from tests.unit.versions.conftest import Edition, without


def changes(shipped: Edition, **changed: Any) -> tuple[PartChange, ...]:
    new = shipped.pathway.model_copy(update=changed)
    network = shipped.decider.network
    return changed_parts(shipped.pathway, new, network, network)


def test_every_field_of_a_pathway_is_compared_and_none_twice() -> None:
    known = [*KINDS, *HEAD, *NAMED_ANYWAY]

    assert sorted(known) == sorted(Pathway.model_fields)


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize("field", KINDS)
def test_an_entry_that_was_removed_is_named(field: str, shipped: Edition) -> None:
    entries = getattr(shipped.pathway, field)
    mapped = isinstance(entries, dict)
    gone = next(iter(entries)) if mapped else entries[0]
    rest = without(entries, gone) if mapped else entries[1:]

    found = changes(shipped, **{field: rest})

    assert [(each.part, each.kind) for each in found] == [(KINDS[field], "removed")]
    assert found[0].id == (gone if mapped else getattr(gone, "id", None) or gone.outcome)


@pytest.mark.parametrize("field", KINDS)
def test_an_entry_that_was_added_is_named(field: str, shipped: Edition) -> None:
    entries = getattr(shipped.pathway, field)
    mapped = isinstance(entries, dict)
    added = next(iter(entries)) if mapped else entries[0]
    before = shipped.pathway.model_copy(
        update={field: without(entries, added) if mapped else entries[1:]}
    )
    network = shipped.decider.network

    found = changed_parts(before, shipped.pathway, network, network)

    assert [(each.part, each.kind) for each in found] == [(KINDS[field], "added")]


@pytest.mark.parametrize("field", sorted(HEAD))
def test_a_changed_line_of_the_head_is_named_with_both_texts(field: str, shipped: Edition) -> None:
    old = getattr(shipped.pathway, field)
    new = (*old, "One more.") if isinstance(old, tuple) else "something else"

    found = changes(shipped, **{field: new})

    assert [(each.part, each.kind) for each in found] == [("pathway", "changed")]
    assert found[0].fields[0].after.endswith("One more." if isinstance(old, tuple) else new)


def rules_fields() -> list[str]:
    from schemas.pathway import Rule

    return [name for name in Rule.model_fields if name not in ("place", "when", "id")]


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize("field", rules_fields())
def test_a_change_of_any_field_of_a_rule_is_named(field: str, shipped: Edition) -> None:
    from schemas.pathway import Effect, Urgency
    from schemas.provenance import Citation

    rules = shipped.pathway.rules
    rule = rules["nsaid-allergy"]
    other: dict[str, Any] = {
        "effect": Effect.CAUTION, "on": ("opioid",), "agents": ("ibuprofen",),
        "urgency": Urgency.U1, "within": Urgency.U1, "overrides": ("nsaid-first",),
        "sources": (Citation(tag="C"),),
    }  # fmt: skip
    value = other.get(field, "something else")
    assert getattr(rule, field) != value

    found = changes(shipped, rules={**rules, rule.id: rule.model_copy(update={field: value})})

    assert [(each.part, each.id) for each in found] == [("rule", "nsaid-allergy")]
    assert [each.field for each in found[0].fields] == [field.replace("_", " ")]


def test_a_rule_that_only_moved_to_another_line_is_not_changed(shipped: Edition) -> None:
    rules = shipped.pathway.rules
    rule = rules["nsaid-allergy"]
    place = rule.place.model_copy(update={"line": rule.place.line + 7})

    moved = {**rules, rule.id: rule.model_copy(update={"place": place})}

    assert changes(shipped, rules=moved) == ()


@pytest.mark.parametrize(
    ("field", "means"),
    [
        pytest.param("outcomes", True, id="the first outcome that holds decides"),
        pytest.param("treatments", True, id="treatments are listed in order"),
        pytest.param("stages", True, id="stages are gone through in order"),
        pytest.param("rules", False, id="the order of rules means nothing"),
        pytest.param("facts", False, id="the order of facts means nothing"),
    ],
)
def test_another_order_is_named_where_order_has_a_meaning(
    field: str, means: bool, shipped: Edition
) -> None:
    entries = getattr(shipped.pathway, field)
    turned = (
        dict(reversed(entries.items())) if isinstance(entries, dict) else tuple(reversed(entries))
    )

    found = changes(shipped, **{field: turned})

    assert [(each.part, each.id) for each in found] == ([(KINDS[field], "order")] if means else [])


def test_a_condition_that_judges_a_trial_is_said_in_words(shipped: Edition) -> None:
    row = shipped.pathway.outcomes[-1]
    outcomes = (
        *shipped.pathway.outcomes[:-1],
        row.model_copy(update={"says": "other", "when": shipped.pathway.outcomes[0].when}),
    )

    found = changes(shipped, outcomes=outcomes)

    fields = {each.field: each for each in found[0].fields}
    assert {"condition", "says"} <= fields.keys()
    assert fields["condition"].before != fields["condition"].after
    assert "relief" in fields["condition"].before


def test_a_setting_that_judges_a_trial_names_what_it_judges(shipped: Edition) -> None:
    settings = shipped.pathway.settings
    setting = settings["pt_trial_weeks"]
    changed = setting.model_copy(update={"value": setting.value + 1})

    found = changes(shipped, settings={**settings, "pt_trial_weeks": changed})

    assert "adequate trial of physical-therapy" in found[0].read_by


def test_a_finding_names_the_rules_that_rest_on_it(shipped: Edition) -> None:
    findings = shipped.pathway.findings
    changed = findings["in_scope"].model_copy(update={"says": "other"})

    found = changes(shipped, findings={**findings, "in_scope": changed})

    assert "scope-key-sign" in found[0].read_by
