"""What the system may never say, looked for in every text it can utter; and what it may never leave out."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest

import api
import rules
import schemas
from api.app import create_app
from api.library import get_vignettes
from api.settings import ServiceSettings
from api.text import decision_text
from schemas.decision import Decision
from schemas.pathway import Effect, Medicine, Pathway, plain_spelling
from tests.contract.bad_input import GOOD, ROWS
from tests.contract.doors import run

Decide = Callable[[dict[str, Any]], Decision]

BANNED = {
    "cure": r"\b(cure|cures|cured|curing|curative)\b",
    "for good": r"\bfor good\b",
    "once and for all": r"\bonce and for all\b",
    "guarantee": r"\bguarantee",
    "permanent relief": r"\bpermanent(ly)? (pain[- ]free|free|(pain )?relie)",
    "best treatment": r"\bbest (treatment|option|choice|medicine)s?\b",
    "revision recommended": r"\brevision (surgery )?(is )?recommended|\brecommend(s|ed)? (a |the )?revision\b",
    "stop your medicine": r"\bstop(ping)? ((the|this|all|any) (anticoag|antithromb|opioid|blood|medic)|your\b)",
    "stop taking": r"\bstop taking\b",
    "abrupt stop": r"(?<!no )abrupt stop|(?<!not )(?<!never )stop(ped|ping)? abruptly",
    "must prescribe": r"\bmust prescribe|\bmust be prescribed|\byou must\b",
}  # fmt: skip
"""Allowed on purpose: `no abrupt stop`, `do not stop abruptly`, `never stop abruptly`; they warn of the very thing."""

SAID = [
    ("cure", "it cures the pain", "it occurs, secure and obscure"),
    ("for good", "the pain goes for good", "for goods and for a good reason"),
    ("once and for all", "relief once and for all", "once, and for all of them"),
    ("guarantee", "relief is guaranteed", "no promise is made"),
    ("permanent relief", "permanent pain relief", "a permanent implant, relief for weeks"),
    ("best treatment", "the best option now", "best judged by the surgeon"),
    ("revision recommended", "Revision surgery is recommended", "surgical assessment: revision may be required"),
    ("stop your medicine", "Stop the anticoagulant", "agree a stop date for the opioid"),
    ("stop taking", "Stop taking it", "when stopping, taking time"),
    ("abrupt stop", "it is stopped abruptly", "taper, no abrupt stop; do not stop abruptly; never stop abruptly"),
    ("must prescribe", "one must prescribe", "the prescriber agrees; it must not be prescribed"),
]  # fmt: skip


def strings(value: Any) -> Iterator[str]:
    """Yield every text inside *value*, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(key)
            yield from strings(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from strings(item)


def own_words(decision: Decision) -> dict[str, Any]:
    """Return the decision without what only repeats the client: its input, its overrides, what was not used."""
    return decision.model_dump(mode="json", exclude={"input", "overrides", "not_used"})


def written_in_code() -> Iterator[tuple[str, str]]:
    """Yield the texts that stand in our code, but for docstrings: messages, help, headings, templates."""
    for package in (api, rules, schemas):
        for entry in resources.files(package).iterdir():
            if not entry.name.endswith(".py"):
                continue
            tree = ast.parse(entry.read_text(encoding="utf-8"))
            spoken = {
                id(node.value) for node in ast.walk(tree)
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            }  # fmt: skip
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and id(node) not in spoken
                ):
                    yield f"{package.__name__}/{entry.name}:{node.lineno}", node.value  # fmt: skip


@pytest.fixture(scope="module")
def decisions(decide: Decide) -> list[Decision]:
    looks = [look.input for vignette in get_vignettes("fbss") for look in vignette.looks]
    return [decide(data) for data in ({"facts": {}}, *looks)]


@pytest.fixture(scope="module")
def utterances(pathway: Pathway, decisions: list[Decision]) -> list[tuple[str, str]]:
    """Return every text with where it comes from."""
    found = [("pathway", text) for text in strings(pathway.model_dump())]
    found += [("vignette", text) for v in get_vignettes("fbss") for text in (v.title, v.teaches, *v.notes)]  # fmt: skip
    for decision in decisions:
        found += [("decision", text) for text in strings(own_words(decision))]
        found.append(("text", " ".join(decision_text(decision).split())))
    found += written_in_code()
    found += [("openapi", text) for text in strings(create_app(ServiceSettings()).openapi())]
    found += [("error", run("decide", "-", stdin=row.body).words) for row in ROWS[::3]]
    return list(dict.fromkeys(found))


@pytest.mark.hazard("H-40")
@pytest.mark.parametrize("name", BANNED)
def test_no_text_promises_orders_or_ranks(name: str, utterances: list[tuple[str, str]]) -> None:
    pattern = re.compile(BANNED[name], re.IGNORECASE)
    hits = {
        f"{where}: {text[max(0, match.start() - 40) : match.end() + 40]}"
        for where, text in utterances
        for match in pattern.finditer(text)
    }

    assert len(utterances) > 8_000
    assert hits == set()


@pytest.mark.parametrize(("name", "bad", "good"), SAID, ids=[row[0] for row in SAID])
def test_the_search_finds_what_may_not_be_said_and_lets_its_neighbours_pass(
    name: str, bad: str, good: str
) -> None:
    pattern = re.compile(BANNED[name], re.IGNORECASE)

    assert pattern.search(bad)
    assert not pattern.search(good)
    assert {row[0] for row in SAID} == set(BANNED)


def antipsychotics(pathway: Pathway) -> list[Medicine]:
    return [each for each in pathway.medicines.values() if "antipsychotic" in each.classes]


def names(medicines: list[Medicine]) -> re.Pattern[str]:
    """Match any spelling of *medicines*, hyphens or blanks alike."""
    spelled = {
        plain_spelling(name) for each in medicines for name in (each.id, each.title, *each.also)
    }
    words = "|".join(re.escape(each).replace(r"\ ", r"[\s-]+") for each in sorted(spelled))
    return re.compile(rf"\b({words})\b", re.IGNORECASE)


@pytest.mark.hazard("H-39")
def test_no_treatment_has_an_antipsychotic_among_its_agents(pathway: Pathway) -> None:
    """The founding document says neuroleptics where it means gabapentinoids; nobody may be led into that error."""
    barred = {each.id for each in antipsychotics(pathway)}

    assert len(barred) > 25
    for treatment in pathway.treatments.values():
        assert not barred & set(treatment.agents), treatment.id
        assert treatment.medicine_class != "antipsychotic"
    for rule in pathway.rules.values():
        if rule.effect in (Effect.RECOMMEND, Effect.CONSIDER):
            assert not barred & set(rule.agents), rule.id


@pytest.mark.hazard("H-39")
def test_no_text_names_an_antipsychotic(
    pathway: Pathway, utterances: list[tuple[str, str]]
) -> None:
    pattern = names(antipsychotics(pathway))
    own = {text for each in pathway.medicines.values() for text in strings(each.model_dump())}
    own |= set(pathway.medicines)
    hits = {
        (where, text[:80]) for where, text in utterances if pattern.search(text) and text not in own
    }

    assert pattern.search("Quetiapine at night")
    assert hits == set()


@pytest.mark.hazard("H-39")
def test_not_even_to_a_patient_who_takes_one_is_an_antipsychotic_named(
    pathway: Pathway, decide: Decide
) -> None:
    base = next(v for v in get_vignettes("fbss") if v.id == "V07").input
    pattern = names(antipsychotics(pathway))
    all_of_them = [name for each in antipsychotics(pathway) for name in (each.id, *each.also)]
    for taken in (all_of_them, ["quetiapine"], ["Haldol"], ["perphenazine-amitriptyline"]):
        decision = decide({**base, "medications": [{"agent": name} for name in taken]})

        assert decision.not_used == ()
        assert not [text for text in strings(own_words(decision)) if pattern.search(text)]
        assert not pattern.search(decision_text(decision))


@pytest.mark.hazard("H-01")
def test_no_red_signs_is_said_only_after_a_complete_screen_without_one(
    decisions: list[Decision],
) -> None:
    said = []
    for decision in decisions:
        spoken = "no red signs" in decision_text(decision).lower()
        assert spoken == (decision.screen_complete and not decision.red_signs)
        said.append(spoken)

    assert {True, False} == set(said)


@pytest.mark.hazard("H-40")
@pytest.mark.hazard("H-27")
def test_the_text_drops_no_red_sign_no_caveat_no_question_and_nothing_left_aside(
    decisions: list[Decision],
) -> None:
    for decision in decisions:
        text = " ".join(decision_text(decision).split())
        shown = [
            decision.urgency_text,
            *decision.caveats,
            *(sign.title for sign in decision.red_signs),
            *(action for sign in decision.red_signs for action in (*sign.first_action, *sign.do_not)),
            *(item.ask for item in decision.missing),
            *(item.text for item in decision.conflicts),
            *(item.where for item in decision.not_used),
            *(item.fact for item in decision.stale),
            *(item.treatment for item in decision.overrides),
            *(caution.says for item in decision.treatments for caution in item.cautions),
        ]  # fmt: skip
        for words in shown:
            assert " ".join(words.split()) in text
        if decision.red_signs:
            assert text.index(decision.red_signs[0].title) < text.index("WHAT TO DO NEXT")


@pytest.mark.hazard("H-12")
@pytest.mark.hazard("H-40")
def test_every_decision_says_that_it_never_orders_and_reads_no_free_text(
    decisions: list[Decision],
) -> None:
    for decision in decisions:
        caveats = " ".join(decision.caveats)

        assert "never orders" in caveats
        assert "free-text notes" in caveats


def test_the_good_inputs_are_decided_with_the_same_caveats(decide: Decide) -> None:
    shown = [run("decide", "-", stdin=body).words for body in GOOD.values()]

    assert all("never orders" in " ".join(words.split()) for words in shown)
