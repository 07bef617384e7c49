"""Sections F and K of the checklist: what cards look like, in which order, and what each hook is about."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest
from starlette.testclient import TestClient

from api.cds_hooks.cards import LONGEST_SUMMARY, OVERRIDES, TRACE, CardWriter, plain, shortened
from api.cds_hooks.judge import Judged
from api.fhir.requirements import HOOKS
from api.guidance import guidance, notes
from api.library import get_codes, get_vignettes
from api.service import decide_input
from schemas.decision import OFFERS, Decision
from schemas.pathway import Pathway
from tests.contract.cds_hooks.asking import actions_of, cards, lawful, said
from tests.contract.cds_hooks.charts import (
    CPT,
    HEART_FAILURE,
    OPERATED,
    PATIENT,
    RETENTION,
    answers,
    bundle,
    call,
    concept,
    order,
    prefetch,
    problem,
    signing,
)
from tests.contract.cds_hooks.conftest import Knock

ON = dt.date(2026, 3, 1)
LOOKS = [(v.id, look) for v in get_vignettes("fbss") for look in v.looks]


@pytest.fixture(scope="session")
def shown(pathway: Pathway) -> list[tuple[str, Decision, list[Any]]]:
    """Every built-in patient, at every look, as cards."""
    codes = get_codes("fbss")
    writer = CardWriter(pathway, codes, "http://127.0.0.1:8000")
    found = []
    for id, look in LOOKS:
        decision = decide_input("fbss", look.input, ON)
        judged = Judged(decision, guidance(decision, pathway), notes(decision))
        found.append((f"{id} {look.name}", decision, writer.write(judged, PATIENT, "2026-03-01")))
    return found


def test_f1_nothing_to_say_is_an_empty_list_of_cards(client: TestClient) -> None:
    assert cards(client, call(data=prefetch())) == []
    assert cards(client, call(data=prefetch(problem(HEART_FAILURE)))) == []


def test_f2_f5_f6_f7_every_patient_s_cards_keep_the_rules_of_cards(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    for _, _, found in shown:
        lawful({"cards": found})


def test_f2_a_summary_is_cut_between_words_and_counted_in_code_points() -> None:
    assert shortened("short") == "short"
    long = shortened("a word " * 40)
    assert len(long) <= LONGEST_SUMMARY
    assert set(long[:-1].split()) == {"a", "word"}
    assert long.endswith("…")
    assert len(shortened("😀" * 200)) == LONGEST_SUMMARY
    assert shortened("line\nbreak") == "line break"


def test_f3_each_card_has_a_uuid_of_its_own_and_a_detail_without_tables_or_html(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    uuids = [card["uuid"] for _, _, found in shown for card in found]
    assert len(set(uuids)) == len(uuids)
    for _, _, found in shown:
        for card in found:
            assert card["detail"]
            assert "<" not in card["detail"]
            assert not re.search(r"^\s*\|", card["detail"], re.MULTILINE)
            assert not re.search(r"(?<!\\)\]\(", card["detail"])


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("[a](http://e.example)", r"\[a\]\(http\://e.example)"),
        ("www.e.example", r"www\.e.example"),
        ("# big", r"\# big"),
        ("1. one", r"1\. one"),
        ("a\n\nb", "a b"),
        ("a*b_c`d~e", r"a\*b\_c\`d\~e"),
    ],
)
def test_f3_text_of_a_chart_shows_as_its_letters(text: str, shows: str) -> None:
    assert plain(text) == shows


def test_f4_the_source_has_an_absolute_address_or_none_and_always_a_topic(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    for _, _, found in shown:
        for card in found:
            topic = card["source"]["topic"]
            assert topic.keys() == {"system", "code", "display"}
            assert card["source"].get("url", "https://").startswith("https://")
            assert "/?pathway" not in card["source"].get("url", "")


def test_f8_a_suggestion_creates_a_whole_valid_draft_without_an_id(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    models = {"MedicationRequest": MedicationRequest, "ServiceRequest": ServiceRequest}
    drafts = [
        action["resource"]
        for _, _, found in shown
        for card in found
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
        if action["type"] == "create"
    ]
    assert {draft["resourceType"] for draft in drafts} == set(models)
    for draft in drafts:
        models[draft["resourceType"]].model_validate(draft)
        assert (draft["status"], draft["intent"]) == ("draft", "proposal")
        assert draft["subject"] == {"reference": f"Patient/{PATIENT}"}
        assert "id" not in draft


@pytest.mark.hazard("H-40")
def test_f8_nothing_is_created_for_a_treatment_that_is_not_offered_and_nothing_is_chosen_before(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    for name, decision, found in shown:
        offered = {f"offer-{t.treatment}" for t in decision.treatments if t.verdict in OFFERS}
        for card, action in zip(found, actions_of(found), strict=True):
            if "suggestions" in card:
                assert action in offered, name
                assert not decision.red_signs
                assert "isRecommended" not in json.dumps(card)


def test_f8_taking_a_draft_away_names_one_that_is_there(client: TestClient) -> None:
    known = prefetch(problem(OPERATED), forms=answers({"nsaid_allergy": True}))
    (card,) = cards(client, signing(order("ibuprofen"), data=known))

    (suggestion,) = card["suggestions"]
    (action,) = suggestion["actions"]
    assert (action["type"], action["resourceId"]) == ("delete", "MedicationRequest/m-ibuprofen")
    assert card["indicator"] == "warning"


def test_f9_a_suggestion_holds_one_action_so_that_none_refers_to_another(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    suggestions = [
        each for *_, found in shown for card in found for each in card.get("suggestions", ())
    ]

    assert suggestions
    assert {len(each["actions"]) for each in suggestions} == {1}


def test_f10_and_f13_nothing_of_later_versions_and_nothing_that_acts_by_itself_is_sent(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    text = json.dumps([found for _, _, found in shown])

    for name in ("actionSelectionBehavior", "systemActions", "autolaunchable", "appContext"):
        assert name not in text


def test_f11_a_link_leads_to_the_public_address_and_tells_nothing_of_the_patient(
    knock: Knock,
) -> None:
    client = knock({"open": True}, public_url="https://cds.example.org")
    for card in cards(client, call(data=prefetch(problem(OPERATED), forms=RETENTION))):
        (link,) = card["links"]
        assert link == {
            "label": "Open the pathway",
            "url": "https://cds.example.org/?pathway=fbss",
            "type": "absolute",
        }


def test_f12_the_reasons_for_dismissing_are_complete_codings_and_the_same_every_time(
    client: TestClient,
) -> None:
    once, again = (
        [card["overrideReasons"] for card in cards(client, call(data=prefetch(problem(OPERATED))))]
        for _ in range(2)
    )

    assert once == again
    assert {"contraindicated", "patient-declined", "already-done", "not-applicable"} <= set(
        OVERRIDES
    )
    for reason in once[0]:
        assert reason.keys() == {"code", "system", "display"}
        assert all(reason.values())


@pytest.mark.hazard("H-28")
def test_f14_cards_are_ordered_merged_and_capped_and_the_rest_is_folded_into_one(
    knock: Knock, shown: list[tuple[str, Decision, list[Any]]]
) -> None:
    order_of = {"critical": 0, "warning": 1, "info": 2}
    for name, _, found in shown:
        ranks = [order_of[card["indicator"]] for card in found]
        assert len(found) <= 5, name
        assert ranks == sorted(ranks), name
        assert len({card["summary"] for card in found}) == len(found), name

    data = prefetch(problem(OPERATED), forms=RETENTION)
    whole = cards(knock({"most_cards": 20}), call(data=data))
    few = cards(knock({"most_cards": 2}), call(data=data))
    assert len(whole) > 2
    assert len(few) == 2
    assert few[0]["summary"] == whole[0]["summary"]
    trace = few[1]["extension"][TRACE]
    assert trace["folded"] == actions_of(whole)[1:]
    for card in whole[1:]:
        assert card["summary"][:40] in few[1]["detail"]


def test_f15_each_card_traces_to_its_rules_and_the_same_call_gives_the_same_cards(
    client: TestClient, pathway: Pathway
) -> None:
    body = call(data=prefetch(problem(OPERATED), forms=RETENTION))
    once, again = (cards(client, body) for _ in range(2))

    trace = once[0]["extension"][TRACE]
    assert set(trace["rules"]) <= set(pathway.rules)
    assert trace["rules"]
    assert (trace["version"], trace["contentHash"]) == (pathway.version, pathway.content_hash)
    for card in (*once, *again):
        del card["uuid"]
        for suggestion in card.get("suggestions", ()):
            del suggestion["uuid"]
    assert once == again


def test_f16_extensions_are_objects_under_a_reversed_domain(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    for _, _, found in shown:
        for card in found:
            for name, value in card["extension"].items():
                assert re.fullmatch(r"[a-z]+(\.[a-z]+)+", name)
                assert isinstance(value, dict)


@pytest.mark.hazard("H-27")
def test_inv_r11_an_open_red_sign_is_the_only_critical_card_the_first_and_named(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    for name, decision, found in shown:
        critical = [card for card in found if card["indicator"] == "critical"]
        assert len(critical) == (1 if decision.red_signs else 0), name
        if decision.red_signs:
            assert found[0] is critical[0]
            assert decision.red_signs[0].title in found[0]["summary"]
            for sign in decision.red_signs:
                assert plain(sign.title) in found[0]["detail"], name
                for action in sign.first_action:
                    assert plain(action) in found[0]["detail"], name
            assert not any(action.startswith("offer-") for action in actions_of(found))


@pytest.mark.hazard("H-23")
def test_inv_r3_without_a_red_sign_no_card_speaks_of_revision(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    for name, decision, found in shown:
        text = json.dumps(found).lower()
        assert ("revision may be required" in text) == bool(decision.red_signs), name
        assert "revision is recommended" not in text


@pytest.mark.hazard("H-12")
def test_no_caveat_conflict_or_missing_answer_is_dropped_on_the_way_to_the_cards(
    shown: list[tuple[str, Decision, list[Any]]],
) -> None:
    for name, decision, found in shown:
        if not found:
            continue
        text = said(found)
        for caveat in decision.caveats:
            assert plain(caveat) in text, name
        for conflict in decision.conflicts:
            assert plain(conflict.text) in text, name
        told = {fact for card in found for fact in card["extension"][TRACE].get("missing", ())}
        assert {item.fact for item in decision.missing if item.red_sign} <= told, name


def test_k_a_red_sign_is_shown_whatever_the_hook(client: TestClient) -> None:
    for hook in HOOKS:
        known = {"item": RETENTION, **prefetch()}
        found = cards(client, call(hook, data=known))
        assert found[0]["indicator"] == "critical", hook
        assert "cauda equina" in found[0]["summary"].lower()


def test_k_a_new_problem_after_spine_surgery_starts_the_pathway_and_another_does_not(
    client: TestClient,
) -> None:
    def added(code: str) -> list[Any]:
        context = {"conditions": bundle(problem(code))}
        return cards(client, call("problem-list-item-create", context, prefetch()))

    assert actions_of(added(OPERATED)) == ["ask-red-signs", "ask"]
    assert added(HEART_FAILURE) == []


def test_k_a_visit_asks_and_offers_nothing(client: TestClient) -> None:
    found = cards(client, call("encounter-start", data=prefetch(problem(OPERATED))))

    assert actions_of(found) == ["ask-red-signs", "ask"]
    assert all("suggestions" not in card for card in found)


def test_k_an_appointment_asks_for_what_should_be_there(client: TestClient) -> None:
    context = {"appointments": bundle({"resourceType": "Appointment", "status": "proposed"})}
    found = cards(client, call("appointment-book", context, prefetch(problem(OPERATED))))

    assert "ask-red-signs" in actions_of(found)


def test_k_signing_an_opioid_beside_a_benzodiazepine_warns(client: TestClient) -> None:
    taken = order("tramadol", id="z", status="active")
    taken["medicationCodeableConcept"] = {"text": "alprazolam"}
    data = prefetch(problem(OPERATED), medications=bundle(taken))

    found = cards(client, signing(order("oxycodone"), data=data))

    assert found[0]["indicator"] == "warning"
    assert "order-oxycodone" in actions_of(found)
    assert "breathing can stop" in said(found)


def test_k_signing_a_benzodiazepine_beside_an_opioid_warns_too(client: TestClient) -> None:
    taken = order("oxycodone", id="z", status="active")
    draft = order("tramadol", id="d")
    draft["medicationCodeableConcept"] = {"text": "alprazolam"}
    data = prefetch(problem(OPERATED), medications=bundle(taken))

    found = cards(client, signing(draft, data=data))

    assert "with-safety-opioid-benzodiazepine" in actions_of(found)


def test_k_an_interaction_is_not_guessed_where_the_list_of_medicines_is_unknown(
    client: TestClient,
) -> None:
    draft = order("tramadol", id="d")
    draft["medicationCodeableConcept"] = {"text": "alprazolam"}

    assert cards(client, signing(draft)) == []


@pytest.mark.hazard("H-26")
def test_k_two_drafts_that_must_not_meet_warn_though_nobody_knows_what_is_taken(
    client: TestClient,
) -> None:
    draft = order("tramadol", id="d")
    draft["medicationCodeableConcept"] = {"text": "alprazolam"}

    found = cards(client, signing(draft, order("oxycodone")))

    assert "with-safety-opioid-benzodiazepine" in actions_of(found)
    assert found[0]["indicator"] == "warning"


@pytest.mark.hazard("H-26")
def test_k_a_draft_that_a_fact_speaks_against_warns_though_nobody_knows_what_is_taken(
    client: TestClient,
) -> None:
    draft = order("tramadol", id="d")
    draft["medicationCodeableConcept"] = {"text": "diclofenac"}
    known = prefetch(problem(OPERATED), forms=answers({"egfr": 20}))

    found = cards(client, signing(draft, data=known))

    assert "with-safety-kidney" in actions_of(found)


@pytest.mark.parametrize("taken", [{}, {"medications": bundle()}], ids=["unknown", "none"])
def test_k_a_draft_makes_no_list_complete_that_was_not(
    client: TestClient, pathway: Pathway, taken: dict[str, Any]
) -> None:
    """The decision with the drafts must not read an unknown list as a list of exactly the drafts."""
    seen: list[Any] = []

    def decide(id: str, data: Any, on: dt.date) -> Decision:
        seen.append(data)
        return decide_input(id, data, on)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.cds_hooks.verdicts.decide_input", decide)
        cards(client, signing(order("oxycodone"), data=prefetch(problem(OPERATED), **taken)))

    assert [each["agent"] for each in seen[0]["medications"]] == ["oxycodone"]
    assert seen[0].get("incomplete", []) == ([] if taken else ["medications"])


def test_k_an_mri_for_a_patient_with_an_implanted_device_warns(client: TestClient) -> None:
    scan = {
        "resourceType": "ServiceRequest",
        "id": "scan",
        "status": "draft",
        "intent": "order",
        "code": concept(CPT, "72148"),
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    implanted = prefetch(problem(OPERATED), forms=answers({"stimulator_implanted": True}))

    warned = cards(client, signing(scan, data=implanted))
    calm = cards(client, signing(scan))

    assert actions_of(warned) == ["order-scan"]
    assert warned[0]["indicator"] == "warning"
    assert calm == []


def test_k_an_order_that_something_speaks_against_is_answered_for_a_patient_never_operated(
    client: TestClient,
) -> None:
    allergic = prefetch(forms=answers({"nsaid_allergy": True}))

    warned = cards(client, signing(order("ibuprofen"), data=allergic))
    calm = cards(client, signing(order("ibuprofen"), data=prefetch()))

    assert actions_of(warned) == ["order-ibuprofen"]
    assert calm == []


def test_k_a_chart_without_a_trace_of_a_spine_operation_is_left_alone(client: TestClient) -> None:
    known = prefetch(problem(HEART_FAILURE), forms=answers({"pain_now": True}))

    for hook in ("patient-view", "encounter-start", "appointment-book"):
        assert cards(client, call(hook, data=known)) == []


@pytest.mark.parametrize(
    ("more", "cards_shown"),
    [
        ({"status": "completed"}, 2),
        ({"status": "not-done"}, 0),
        ({"status": "entered-in-error"}, 0),
    ],
)
def test_k_an_operation_in_a_list_that_was_cut_short_is_a_trace_and_one_not_done_is_none(
    client: TestClient, more: dict[str, str], cards_shown: int
) -> None:
    fusion = {
        "resourceType": "Procedure",
        "id": "op",
        "code": concept(CPT, "22612"),
        "subject": {"reference": f"Patient/{PATIENT}"},
        "performedDateTime": "2024-05-01",
        **more,
    }
    cut = bundle(fusion, link=[{"relation": "next", "url": "https://ehr.example/2"}])

    found = cards(client, call(data=prefetch(procedures=cut)))

    assert len(found) == cards_shown


def test_k_a_problem_that_was_refuted_is_no_trace(client: TestClient) -> None:
    refuted = problem(OPERATED, verificationStatus={"coding": [{"code": "refuted"}]})

    assert cards(client, call(data=prefetch(refuted))) == []
