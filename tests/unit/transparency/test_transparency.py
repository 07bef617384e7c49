"""The transparency card says what the rules do with a person's data, and leaves no blank that looks like an answer."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest

from api.library import get_decider
from rules.network import Network, build_network
from rules.personal import PERSONAL
from rules.transparency import NO_CLINICAL_USE, NOT_GRADED, card_text, transparency_card
from schemas.condition import And, Is, Known, Or, facts_of, references_of
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Effect, Pathway
from schemas.provenance import Citation
from schemas.transparency import NOT_PROVIDED, SourceAttribute, TransparencyCard

ON = dt.date(2026, 3, 1)
NOT_ABOUT_THE_PERSON = {"findings_do_not_fit"}
"""Facts about function and mood that are the clinician's judgement on an examination."""


@pytest.fixture(scope="module")
def network() -> Network:
    return get_decider("fbss").network


@pytest.fixture(scope="module")
def card(pathway: Pathway, network: Network) -> TransparencyCard:
    return transparency_card(pathway, network, ON)


def attribute(card: TransparencyCard, name: str) -> SourceAttribute:
    return next(each for each in card.attributes if each.attribute == name)


def used(card: TransparencyCard, name: str) -> set[str]:
    return {use.fact for use in attribute(card, name).uses if use.read}


def with_rule(pathway: Pathway, when: Any, **more: Any) -> Pathway:
    """Return *pathway* with one more advice rule that reads *when*."""
    model = next(r for r in pathway.rules.values() if r.effect is Effect.ADVISE)
    rule = model.model_copy(
        update={
            "id": "one-more",
            "when": when,
            "overrides": (),
            "sign": "",
            "urgency": None,
            **more,
        }
    )
    return pathway.model_copy(update={"rules": {**pathway.rules, rule.id: rule}})


def with_fact(pathway: Pathway, name: str, title: str, **more: Any) -> Pathway:
    fact = FactDefinition(
        name=name, kind=FactKind.BOOLEAN, section="person", title=title, ask=f"{title}?", **more
    )
    return pathway.model_copy(update={"facts": {**pathway.facts, name: fact}})


def drawn_up(pathway: Pathway, on: dt.date = ON) -> TransparencyCard:
    return transparency_card(pathway, build_network(pathway), on)


# The thirteen attributes


def test_the_card_answers_for_thirteen_attributes_in_their_order(card: TransparencyCard) -> None:
    assert [each.number for each in card.attributes] == list(range(1, 14))
    assert [each.attribute for each in card.attributes] == [
        "bibliographic citation", "developer", "funding source", "release and revision dates",
        "race", "ethnicity", "language", "sexual orientation", "gender identity", "sex",
        "date of birth", "social determinants of health", "health status assessments",
    ]  # fmt: skip
    assert all(each.answer and each.derived_from for each in card.attributes)


@pytest.mark.parametrize("name", ["developer", "funding source"])
def test_a_blank_says_that_it_is_not_provided(name: str, card: TransparencyCard) -> None:
    assert attribute(card, name).answer == NOT_PROVIDED
    assert f"{name}: {NOT_PROVIDED}" in card_text(card)


def test_empty_documents_leave_no_blank_that_looks_like_an_answer(pathway: Pathway) -> None:
    empty = pathway.model_copy(
        update=dict.fromkeys(
            ("released", "reviewed", "review_due", "reviewer", "intended_use", "status"), ""
        )
    )

    card = drawn_up(empty)

    assert attribute(card, "release and revision dates").answer == NOT_PROVIDED
    assert card.intended_use == NOT_PROVIDED
    assert {row.status for row in card.validation} == {NO_CLINICAL_USE, NOT_PROVIDED}
    assert card.review.past_due is None
    assert "" not in card.review.model_dump().values()
    assert "no date to judge by" in card_text(card)


def test_whoever_runs_the_software_may_name_developer_and_funding(
    pathway: Pathway, network: Network
) -> None:
    card = transparency_card(pathway, network, ON, developer="A clinic", funding="None")

    assert attribute(card, "developer").answer == "A clinic"
    assert attribute(card, "funding source").answer == "None"


def test_the_citation_names_every_work_the_rules_cite(
    card: TransparencyCard, pathway: Pathway
) -> None:
    works = "\n".join(attribute(card, "bibliographic citation").derived_from)
    cited = {
        citation.key
        for rule in pathway.rules.values()
        for citation in rule.sources
        if citation.tag in ("V", "V2")
    }

    assert cited
    assert all(f"{key}: {pathway.sources[key].title}" in works for key in cited)


# Personal attributes, by following the data


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        pytest.param("race", set(), id="race"),
        pytest.param("ethnicity", set(), id="ethnicity"),
        pytest.param("language", set(), id="language"),
        pytest.param("sexual orientation", set(), id="sexual orientation"),
        pytest.param("gender identity", set(), id="gender identity"),
        pytest.param("sex", {"sex"}, id="sex"),
        pytest.param("date of birth", {"age"}, id="age counts for the date of birth"),
        pytest.param(
            "social determinants of health",
            {"smoker", "alcohol_risk", "hazardous_job", "unresolved_compensation"},
            id="social circumstances",
        ),
        pytest.param(
            "health status assessments",
            {"phq9", "gad7", "dn4", "pain_back_nrs", "pregnant", "smoker", "odi_points_better"},
            id="scores and states of health",
        ),
    ],
)
def test_the_card_names_the_facts_that_are_used(
    name: str, facts: set[str], card: TransparencyCard
) -> None:
    found = used(card, name)

    assert facts <= found
    assert attribute(card, name).answer == ("used" if found else "not used")
    assert bool(found) is bool(facts)


@pytest.mark.parametrize("fact", ["sex", "age", "smoker", "unresolved_compensation", "phq9"])
def test_the_rules_named_for_a_fact_are_those_that_rest_on_it(
    fact: str, card: TransparencyCard, network: Network, pathway: Pathway
) -> None:
    """Followed here by hand, node by node, and not by the network's own walk."""

    def rests(name: str, seen: frozenset[str] = frozenset()) -> bool:
        condition = network.conditions[name]
        return fact in facts_of(condition) or any(
            rests(each, seen | {name}) for each in references_of(condition) if each not in seen
        )

    expected = {rule for rule in pathway.rules if rests(f"rule:{rule}")}
    uses = [use for each in card.attributes for use in each.uses if use.fact == fact]

    assert uses
    assert all(set(use.rules) == expected for use in uses)


def test_a_rule_that_reads_a_fact_through_a_finding_counts_as_using_it(
    card: TransparencyCard, pathway: Pathway
) -> None:
    through = [
        rule
        for use in attribute(card, "date of birth").uses
        if use.fact == "age"
        for rule in use.rules
        if "age" not in facts_of(pathway.rules[rule].when)
    ]

    assert through


@pytest.mark.parametrize(
    ("fact", "title", "name"),
    [
        pytest.param("race", "Race", "race", id="race by its name"),
        pytest.param("group_recorded", "Ethnicity as recorded", "ethnicity", id="ethnicity by its title"),
        pytest.param("needs_interpreter", "Needs an interpreter", "language", id="language"),
        pytest.param("gender_identity", "Gender identity", "gender identity", id="gender identity"),
        pytest.param("housing_unstable", "Housing unstable", "social determinants of health", id="housing"),
        pytest.param("frailty_score_high", "Frailty score", "health status assessments", id="a new score"),
    ],
)  # fmt: skip
def test_a_pathway_that_begins_to_read_a_personal_fact_cannot_hide_it(
    fact: str, title: str, name: str, pathway: Pathway
) -> None:
    accepted = with_fact(pathway, fact, title)
    read = with_rule(accepted, Is(fact=fact))

    before, after = drawn_up(accepted), drawn_up(read)

    assert fact not in used(before, name)
    assert fact in {each.fact for each in before.unread}
    assert fact in used(after, name)
    assert attribute(after, name).answer == "used"
    assert [use.rules for use in attribute(after, name).uses if use.fact == fact] == [("one-more",)]


def test_a_personal_fact_nothing_rests_on_is_told_as_accepted_and_not_as_absent(
    pathway: Pathway,
) -> None:
    card = drawn_up(with_fact(pathway, "race", "Race"))

    assert attribute(card, "race").answer == "accepted, but nothing rests on it"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        pytest.param("trace_protein", "Trace of protein", id="a trace is no race"),
        pytest.param("disorientation", "Disorientation in time", id="orientation in time"),
        pytest.param("sexual_dysfunction", "New sexual dysfunction", id="a symptom is no sex"),
        pytest.param("damage", "Damage seen", id="damage is no age"),
    ],
)
def test_a_word_inside_another_word_gives_nothing_away(name: str, title: str) -> None:
    fact = FactDefinition(name=name, kind=FactKind.BOOLEAN, section="x", title=title, ask="?")

    assert [row.attribute for row in PERSONAL if row.argument(fact)] == []


def test_every_fact_about_the_person_function_or_mood_is_argued_in_the_table(
    pathway: Pathway,
) -> None:
    sections = ("person", "function-and-mood")
    silent = {
        fact.name
        for fact in pathway.facts.values()
        if fact.section in sections and not any(row.argument(fact) for row in PERSONAL)
    }

    assert silent == NOT_ABOUT_THE_PERSON


def test_the_table_names_no_fact_that_the_pathway_does_not_have(pathway: Pathway) -> None:
    known = {*pathway.facts, *pathway.derivations, *pathway.trial_facts}

    assert {name for row in PERSONAL for name in row.facts} <= known


# What is read, and what is not


def test_every_fact_some_condition_reads_is_listed_with_its_unit(
    card: TransparencyCard, network: Network, pathway: Pathway
) -> None:
    listed = {fact.fact: fact for fact in card.inputs}

    assert {leaf.fact for leaf in network.leaves} <= listed.keys()
    assert all(
        listed[name].unit == fact.unit for name, fact in pathway.facts.items() if name in listed
    )
    assert listed["egfr"].unit
    assert all(fact.read_by for fact in card.inputs)


def test_read_and_unread_facts_are_all_the_facts_a_client_may_state(
    card: TransparencyCard, pathway: Pathway
) -> None:
    read = {fact.fact for fact in card.inputs}
    unread = {fact.fact for fact in card.unread}

    assert not read & unread
    assert pathway.facts.keys() <= read | unread


def test_what_judges_a_trial_reaches_the_rules_through_the_trial(card: TransparencyCard) -> None:
    weeks = next(fact for fact in card.inputs if fact.fact == "weeks")

    assert weeks.comes_from == "trials"
    assert weeks.rules > 0
    assert any(reader.startswith("adequate(") for reader in weeks.read_by)


def test_a_verdict_reads_how_its_treatment_was_tried_even_when_no_rule_does(
    card: TransparencyCard, pathway: Pathway
) -> None:
    listed = {fact.fact: fact for fact in card.inputs}

    for treatment in pathway.treatments:
        assert f"verdict({treatment})" in listed[f"tried_{treatment.replace('-', '_')}"].read_by


# Where the rules come from, and what is not settled


def test_every_rule_is_counted_under_each_tag_it_names(
    card: TransparencyCard, pathway: Pathway
) -> None:
    for row in card.tags:
        mine = [r for r in pathway.rules.values() if any(c.tag == row.tag for c in r.sources)]
        alone = [r for r in mine if {c.tag for c in r.sources} == {row.tag}]
        assert (row.rules, row.alone) == (len(mine), len(alone))
    assert card.rules == len(pathway.rules)
    assert sum(row.rules for row in card.tags) >= card.rules


def test_settings_nobody_signed_are_named_and_a_signature_takes_one_off(
    card: TransparencyCard, pathway: Pathway
) -> None:
    name = card.unsigned[0]
    signed = pathway.settings[name].model_copy(update={"signed_off": "A. Clinician"})

    after = drawn_up(pathway.model_copy(update={"settings": {**pathway.settings, name: signed}}))

    assert set(card.unsigned) - set(after.unsigned) == {name}
    assert f"{len(card.unsigned)} of {card.settings} settings" in " ".join(card.limits)


@pytest.mark.hazard("H-39")
@pytest.mark.parametrize(
    ("days", "past"),
    [
        pytest.param(-1, False, id="the day before"),
        pytest.param(0, False, id="the day itself"),
        pytest.param(1, True, id="the day after"),
    ],
)
def test_a_review_is_past_due_from_the_day_after(days: int, past: bool, pathway: Pathway) -> None:
    on = dt.date.fromisoformat(pathway.review_due) + dt.timedelta(days=days)

    card = drawn_up(pathway, on)

    assert card.review.past_due is past
    assert ("PAST DUE" in card_text(card)) is past
    assert any("was due for review" in limit for limit in card.limits) is past


def test_every_topic_of_disagreement_is_listed_with_all_its_rules(
    card: TransparencyCard, pathway: Pathway
) -> None:
    topics = {rule.topic for rule in pathway.rules.values() if re.fullmatch(r"D\d+", rule.topic)}
    listed = {each.topic: each for each in card.disagreements}

    assert topics
    assert topics <= listed.keys()
    for topic in topics:
        expected = {rule.id for rule in pathway.rules.values() if rule.topic == topic}
        assert {rule.rule for rule in listed[topic].rules} == expected
    assert [each.topic for each in card.disagreements] == sorted(
        listed, key=lambda topic: int(topic[1:])
    )


def test_a_disagreement_that_is_only_remarked_on_is_listed_too(pathway: Pathway) -> None:
    name, treatment = next(iter(pathway.treatments.items()))
    told = treatment.model_copy(
        update={"evidence": ("D77: sources differ", "vitamin D3 was given")}
    )
    treatments = {**pathway.treatments, name: told}

    card = drawn_up(pathway.model_copy(update={"treatments": treatments}))

    assert [each.remarks for each in card.disagreements if each.topic == "D77"] == [
        (f"{treatment.title}: D77: sources differ",)
    ]
    assert not any("vitamin" in text for each in card.disagreements for text in each.remarks)


def test_nothing_is_graded_and_gradings_of_others_are_only_quoted(
    card: TransparencyCard, pathway: Pathway
) -> None:
    texts = {text for t in pathway.treatments.values() for text in (*t.evidence, t.expect)}

    assert card.grading.statement.startswith(NOT_GRADED)
    assert card.grading.quoted
    assert all(quote.split(": ", 1)[1] in texts for quote in card.grading.quoted)


def test_validation_says_none_in_clinical_use(card: TransparencyCard) -> None:
    assert card.validation[0].status == NO_CLINICAL_USE
    assert f"validation: {NO_CLINICAL_USE}" in card_text(card)


# The four criteria


def test_the_first_criterion_is_derived_from_the_kinds_of_fact(card: TransparencyCard) -> None:
    first = card.criteria[0]
    counted = re.findall(r"(\w+) (\d+)", first.derived_from[0].split(": ")[1])

    assert {kind for kind, _ in counted} == {kind.value for kind in FactKind}
    assert first.open_points == ()


def test_a_kind_of_fact_that_nobody_judged_leaves_the_first_criterion_open(
    pathway: Pathway, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = frozenset(FactKind) - {FactKind.DATE}
    monkeypatch.setattr("rules.transparency._SINGLE_VALUES", known)

    first = drawn_up(pathway).criteria[0]

    assert first.statement.startswith("not shown")
    assert first.open_points == ("facts of kind date were not judged",)


@pytest.mark.hazard("H-40")
def test_the_third_criterion_counts_the_rules_that_could_be_read_as_time_critical(
    card: TransparencyCard, pathway: Pathway
) -> None:
    urgent = [
        rule
        for rule in pathway.rules.values()
        if rule.effect is Effect.RED_SIGN and rule.urgency in ("U0", "U1")
    ]

    assert f"{len(urgent)} rules raise a red sign" in card.criteria[2].open_points[0]


def test_a_rule_without_a_source_leaves_the_fourth_criterion_open(pathway: Pathway) -> None:
    bare = with_rule(pathway, Known(fact="age"), sources=())

    assert drawn_up(bare).criteria[3].open_points == ("rule one-more cites nothing",)


# The text


def test_the_text_holds_everything_the_card_holds(card: TransparencyCard) -> None:
    text = " ".join(card_text(card).split())

    def words(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [word for each in value.values() for word in words(each)]
        if isinstance(value, list):
            return [word for each in value for word in words(each)]
        return [value] if isinstance(value, str) else []

    data = json.loads(card.model_dump_json(exclude={"pathway", "content_hash"}))
    for attribute_ in data["attributes"]:
        attribute_.pop("uses")
    data["inputs"] = [{key: f[key] for key in ("fact", "title", "unit")} for f in data["inputs"]]
    for wanted in words(data):
        assert " ".join(wanted.split()) in text, wanted


def test_the_text_is_at_most_a_hundred_characters_wide(card: TransparencyCard) -> None:
    assert max(len(line) for line in card_text(card).splitlines()) <= 100


def test_the_same_pathway_has_the_same_card(card: TransparencyCard, pathway: Pathway) -> None:
    again = drawn_up(pathway)

    assert again == card
    assert TransparencyCard.model_validate_json(card.model_dump_json()) == card


def test_a_condition_of_several_parts_is_followed_into_each(pathway: Pathway) -> None:
    """Deep inside, and with a fact that nothing else reads."""
    more = with_fact(with_fact(pathway, "race", "Race"), "gender", "Gender")
    when = Or(items=(And(items=(Is(fact="diabetes"), Is(fact="race"))), Known(fact="gender")))

    card = drawn_up(with_rule(more, when, sources=(Citation(tag="C"),)))

    assert used(card, "race") == {"race"}
    assert used(card, "gender identity") == {"gender"}
    assert used(card, "sex") == {"sex", "gender"}
