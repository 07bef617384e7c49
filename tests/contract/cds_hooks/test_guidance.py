"""The one mapping from a decision to actions, from which cards and RequestGroups are both written."""

from __future__ import annotations

import datetime as dt
import json
import random
import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from api.cds_hooks.cards import CardWriter
from api.cds_hooks.judge import Judged
from api.guidance import Action, Draft, Source, draft_resource, guidance, notes
from api.guidance.write import fold, source_url
from api.library import get_codes, get_vignettes
from api.service import decide_input
from schemas.decision import OFFERS, Decision, Verdict
from schemas.errors import InputError
from schemas.pathway import Pathway, Urgency
from tests.contract.cds_hooks.asking import lawful
from tests.properties.patients import generator_of

ON = dt.date(2026, 3, 1)
LOOKS = [
    pytest.param(look.input, id=f"{vignette.id}: {look.name}")
    for vignette in get_vignettes("fbss")
    for look in vignette.looks
]


@pytest.mark.parametrize("data", LOOKS)
def test_everything_that_decides_what_is_done_next_is_among_the_actions(
    data: dict[str, Any], pathway: Pathway
) -> None:
    decision = decide_input("fbss", data, ON)
    found = {action.id: action for action in guidance(decision, pathway, None)}

    assert ("red-sign" in found) == bool(decision.red_signs)
    for item in decision.treatments:
        offered = item.verdict in OFFERS
        assert (f"offer-{item.treatment}" in found) == offered
        if item.verdict in (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED):
            assert any(item.title in text for text in found["blocked"].detail)
    for advice in decision.advice:
        soon = advice.urgency is not None and advice.urgency is not Urgency.U3
        if soon:
            assert found[f"advice-{advice.rule}"].priority == "urgent"


@pytest.mark.parametrize("data", LOOKS)
def test_only_a_red_sign_is_stat_and_every_action_leads_to_rules_that_exist(
    data: dict[str, Any], pathway: Pathway
) -> None:
    found = guidance(decide_input("fbss", data, ON), pathway)

    assert len(found) <= 5
    for at, action in enumerate(found):
        assert (action.priority == "stat") == (action.id == "red-sign")
        assert action.priority != "stat" or at == 0
        assert set(action.rules) <= set(pathway.rules)
        assert action.title
        assert action.source.label
    assert len({action.id for action in found}) == len(found)


@pytest.mark.parametrize("data", LOOKS)
def test_a_draft_is_made_for_open_medicines_and_offered_treatments_only(
    data: dict[str, Any], pathway: Pathway
) -> None:
    decision = decide_input("fbss", data, ON)
    verdicts = {item.treatment: item for item in decision.treatments}
    for action in guidance(decision, pathway, None):
        for draft in action.drafts:
            item = verdicts[draft.treatment]
            assert item.verdict in OFFERS
            assert draft.treatment != "revision-surgery"
            if draft.agent:
                (agent,) = [each for each in item.agents if each.agent == draft.agent]
                assert agent.standing == "open"


def test_a_patient_of_whom_nothing_is_known_gives_questions_only(
    decide: Callable[[dict[str, Any]], Decision], pathway: Pathway
) -> None:
    found = guidance(decide({"facts": {}}), pathway)

    assert [action.kind for action in found] == ["ask", "ask"]
    assert found[0].id == "ask-red-signs"


def test_a_patient_outside_the_scope_gives_no_action_but_keeps_a_red_sign(
    decide: Callable[[dict[str, Any]], Decision], pathway: Pathway
) -> None:
    child = decide({"facts": {"age": 9}})
    in_danger = decide({"facts": {"age": 9, "bladder_disturbance": "new"}})

    assert guidance(child, pathway) == ()
    assert guidance(in_danger, pathway)[0].id == "red-sign"


def _action(at: int, priority: Any = "routine") -> Action:
    return Action(f"a{at}", "ask", priority, f"title {at}", (f"text {at}",), Source("s"))


def test_what_does_not_fit_is_folded_into_one_that_names_all_of_it() -> None:
    actions = tuple(_action(at) for at in range(8))

    found = fold(actions, 5)

    assert [action.id for action in found] == ["a0", "a1", "a2", "a3", "more"]
    assert found[-1].folded == ("a4", "a5", "a6", "a7")
    assert all(f"title {at}" in found[-1].title for at in range(4, 8))
    assert fold(actions, 8) == actions
    assert fold(actions, None) == actions


def test_what_is_urgent_stays_urgent_when_it_is_folded() -> None:
    found = fold([_action(0, "stat"), *(_action(at, "urgent") for at in range(1, 4))], 2)

    assert [action.priority for action in found] == ["stat", "urgent"]


def test_the_notes_hold_what_no_rendering_may_drop(
    decide: Callable[[dict[str, Any]], Decision],
) -> None:
    decision = decide(
        {
            "facts": {"egfr": {"value": 90, "date": "2020-01-01"}},
            "not_used": [{"where": "Observation", "why": "2 without a unit"}],
        }
    )

    text = "\n".join(notes(decision))

    assert "Observation: 2 without a unit" in text
    assert "egfr (2020-01-01)" in text
    for caveat in decision.caveats:
        assert caveat in text


def test_an_address_is_given_only_where_the_register_of_sources_knows_one(pathway: Pathway) -> None:
    assert source_url(pathway, "RIG19") == "https://doi.org/10.1155/2019/3126464"
    assert source_url(pathway, "BAB16") == "https://pmc.ncbi.nlm.nih.gov/articles/PMC5106227/"
    assert source_url(pathway, "S27") is None
    assert source_url(pathway, "no such key") is None


def test_a_draft_carries_checked_codes_only_and_always_its_name(pathway: Pathway) -> None:
    codes = get_codes("fbss")
    for agent in pathway.treatments["nsaid"].agents:
        draft = Draft("d", "MedicationRequest", "l", "nsaid", agent)
        made = draft_resource(
            draft, pathway, codes, subject="Patient/1", on="2026-03-01", intent="option"
        )
        concept = made["medicationCodeableConcept"]
        assert concept["text"] == pathway.medicines[agent].title
        known = {code.code for code in codes.medicines.get(agent, ()) if code.verified}
        assert {coding["code"] for coding in concept.get("coding", ())} <= known
        assert made["intent"] == "option"


@pytest.mark.hazard("H-28")
@pytest.mark.hazard("H-23")
@pytest.mark.hazard("H-27")
def test_of_hundreds_of_random_patients_each_gets_few_cards_that_keep_every_rule(
    pathway: Pathway,
) -> None:
    generator, drawn = generator_of("fbss"), random.Random("cards")
    writer = CardWriter(pathway, get_codes("fbss"), "http://127.0.0.1:8000")
    treatments = [t.id for t in pathway.treatments.values() if t.stage]
    counts: Counter[int] = Counter()
    kinds: set[str] = set()
    for at in range(200):
        data = (
            generator.for_offer(drawn.choice(treatments), drawn)
            if at % 2
            else generator.patient(drawn)
        )
        try:
            decision = decide_input("fbss", data, ON)
        except InputError:
            continue
        actions = guidance(decision, pathway)
        cards = writer.write(Judged(decision, actions, notes(decision)), "p1", decision.on)
        counts[len(cards)] += 1
        kinds |= {action.kind for action in actions}
        lawful({"cards": cards})
        text = json.dumps(cards).lower()
        assert ("revision may be required" in text) == bool(decision.red_signs)
        assert (cards[0]["indicator"] == "critical") == bool(decision.red_signs) if cards else True
        created = {draft.treatment for action in actions for draft in action.drafts}
        refused = {item.treatment for item in decision.treatments if item.verdict not in OFFERS}
        assert not created & refused

    assert counts.total() > 150
    assert max(counts) <= 5
    assert statistics.median(counts.elements()) <= 4
    assert {"red-sign", "refer", "offer", "ask", "blocked"} <= kinds
