"""The documents changed on purpose: who notices, and that nobody is said to be unable to who can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.mutation_report import mutation_report, shortened
from rules.decide import Decider
from rules.evaluator import evaluate_network
from rules.verification.backwards.calm import search_around_a_calm_patient
from rules.verification.backwards.links import links_of
from rules.verification.bench import Bench, Laid
from rules.verification.border import ON
from rules.verification.equivalence import Equivalence
from rules.verification.masks import truth_at
from rules.verification.mutants import Mutant, mutants
from rules.verification.mutation import (
    PARTS,
    WHOLE,
    Parts,
    mutation_score,
    sample_of,
    targets_hold,
)
from schemas.condition import And, Is, Not, Or
from schemas.errors import InputError
from schemas.verification import BorderPatient

COMMIT_PERCENT = 8
RED_SIGN = "r1-cauda-equina"


@pytest.fixture(scope="module")
def every(laid: Laid) -> list[Mutant]:
    return list(mutants(laid.pathway, laid.network))


def equivalence(laid: Laid, bench: Bench, among: Sequence[Mutant]) -> Equivalence:
    search = search_around_a_calm_patient(laid.pathway, laid.network, bench.settings, ON)
    calm = {fact: values[0] for fact, values in search.values.items()}
    return Equivalence(laid.pathway, laid.network, bench.settings, ON, among, calm)


@pytest.mark.hazard("H-35")
def test_small_wrong_changes_of_the_documents_are_noticed_and_all_about_red_signs_blocks_opioids(
    benches: list[Bench], every: list[Mutant]
) -> None:
    report = mutation_score(benches, sample_of(every, COMMIT_PERCENT))

    open_ = [f"{s.where} {s.says}: {s.why}" for s in report.survivors if not s.equivalent]
    assert [report.parts[part].survived for part in PARTS] == [0, 0, 0], open_
    assert report.total.percent >= WHOLE, open_
    assert targets_hold(report)
    assert min(report.parts[part].killed for part in PARTS) >= 25
    assert report.total.mutants == round(len(every) * COMMIT_PERCENT / 100)


def test_a_sample_is_spread_over_all_documents_and_always_the_same(every: list[Mutant]) -> None:
    sample = sample_of(every, COMMIT_PERCENT)

    assert sample == sample_of(every, COMMIT_PERCENT)
    assert len(set(map(id, sample))) == len(sample)
    assert {m.where.file for m in every} == {m.where.file for m in sample}
    assert sample_of(every, 100) == every


@pytest.mark.hazard("H-35")
def test_without_the_patients_of_a_red_sign_rule_its_changes_live_and_the_score_falls(
    benches: list[Bench], laid: Laid, every: list[Mutant]
) -> None:
    whole = benches[0]
    firing, _ = whole.crowd.nodes[f"rule:{RED_SIGN}"]
    mine = [m for m in every if m.subject in (RED_SIGN, f"rule:{RED_SIGN}")]
    without = [patient for at, patient in enumerate(whole.patients) if not firing >> at & 1]

    with_them = mutation_score([whole], mine)
    bereft = mutation_score([Bench(laid, whole.settings, without[:400])], mine)

    assert targets_hold(with_them)
    assert with_them.parts["red-sign"].killed == len(mine) >= 3
    assert not targets_hold(bereft)
    assert bereft.parts["red-sign"].percent < with_them.parts["red-sign"].percent
    assert any(s.why.startswith("noticed by whoever has ") for s in bereft.survivors)


def test_what_a_patient_notices_is_never_called_equivalent(
    benches: list[Bench], laid: Laid, every: list[Mutant]
) -> None:
    noticed = []
    for mutant in every[:: len(every) // 40]:
        report = mutation_score(benches[:1], [mutant])
        if report.total.killed:
            noticed.append(mutant)
    same = equivalence(laid, benches[0], noticed)

    assert len(noticed) > 25
    assert [m.says for m in noticed if same.of(m, examples=False).equivalent is not False] == []


def test_a_change_that_only_looks_like_one_is_called_equivalent_and_says_why(
    benches: list[Bench], laid: Laid
) -> None:
    name = f"rule:{RED_SIGN}"
    condition, place = laid.network.conditions[name], laid.pathway.rules[RED_SIGN].place
    smoker = Is(fact="smoker")
    both = And(items=(condition, Or(items=(smoker, condition))))
    less = And(items=(condition, Not(item=smoker)))

    def changed(new: Any) -> Mutant:
        return Mutant("dropped", name, place, "seeded", condition=new)

    same = equivalence(laid, benches[0], [changed(both), changed(less)])
    assert same.of(changed(both)).equivalent is True
    assert same.of(changed(both)).why.startswith("means the same")
    noticed = same.of(changed(less))
    assert noticed.equivalent is False
    assert "smoker" in noticed.why


def test_each_part_holds_what_it_is_called_after(laid: Laid, every: list[Mutant]) -> None:
    parts = Parts(laid.pathway, laid.network)
    of = {subject: parts.of(m) for m in every for subject in [m.subject]}

    assert "red-sign" in of[RED_SIGN]
    assert "block" in of["opioid-long-term"]
    assert "opioid" in of["opioid-long-term"]
    assert of["yellow-smoking"] == []


def test_truth_for_a_crowd_is_the_truth_of_each_of_its_members(
    benches: list[Bench], decider: Decider
) -> None:
    bench = benches[0]
    for at in range(0, len(bench.patients), len(bench.patients) // 40):
        patient, values = bench.patients[at], bench.values[at]
        walked = evaluate_network(decider.network, values, bench.settings, patient.on)
        assert [truth_at(m, at) for m in bench.crowd.nodes.values()] == list(walked)


def test_what_is_said_to_follow_from_a_list_follows_in_every_patient(
    benches: list[Bench], laid: Laid
) -> None:
    bench = benches[0]
    values = search_around_a_calm_patient(laid.pathway, laid.network, bench.settings, ON).values
    links = links_of(laid.pathway, values, ON)
    looked_at = 0

    for people, patient in zip(bench.values, bench.patients, strict=True):
        if patient.on != ON:
            continue
        for link in links:
            here, there = people.get(link.fact), people.get(link.other)
            # A value between the candidates is stood for by one of them; which, is not known here.
            if here in link.values and there in values[link.other]:
                looked_at += 1
                assert there in link.others, (link.fact, link.other)
    assert looked_at > 10_000


def test_the_report_counts_by_part_lists_what_lives_and_states_the_score_last(
    benches: list[Bench], border: tuple[BorderPatient, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rules.verification.border.border_patients", lambda *_: border)
    monkeypatch.setattr("rules.verification.bench.lay_benches", lambda *_: benches)

    lines, result, holds = mutation_report("fbss", 3)

    assert holds
    assert [line.partition(":")[0] for line in lines[-5:-1]] == [*PARTS, "other"]
    assert all(line.startswith("changes no answer: ") for line in lines[:-5])
    assert result.endswith("100.0 %")


def test_a_change_is_told_by_what_differs() -> None:
    assert shortened("a and b and c and d and e -> a and b and c and d") == (
        "... and d and e -> ... and d"
    )
    assert shortened("egfr: 4 -> 5") == "egfr: 4 -> 5"
    assert shortened("outcome failed: p and q and r -> p and q and not r").startswith("outcome ")


def test_without_the_solver_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(InputError) as caught:
        mutation_report("fbss", 3)

    assert caught.value.problems[0].code == "solver-missing"


@pytest.mark.parametrize("holds", [True, False], ids=["enough is noticed", "too much lives"])
def test_the_command_ends_with_the_score_and_fails_below_the_targets(
    holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def report(id: str, percent: float, tell: object) -> tuple[list[str], str, bool]:
        asked.append((id, percent))
        return ["red-sign: 3 of 3"], "the score", holds

    monkeypatch.setattr("api.mutation_report.mutation_report", report)
    result = CliRunner().invoke(app, ["verify", "--mutation", "--sample", "5"])

    assert asked == [("fbss", 5.0)]
    assert result.stdout.splitlines() == ["red-sign: 3 of 3", "the score"]
    assert result.exit_code == (0 if holds else 1)
