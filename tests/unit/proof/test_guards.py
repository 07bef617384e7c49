"""The proofs can fail: take one guard away, and the statement it upholds falls with a patient who shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.library import pathway_files
from pathways.loader import load_pathway
from rules.check import Checker
from rules.decide import Decider
from rules.network import build_network
from rules.proof.certificate import prove
from rules.proof.logic import Logic
from rules.proof.search import outcome_of
from rules.proof.tables import Rows, Standing, verdict_rows
from schemas.decision import Verdict
from schemas.pathway import Pathway
from schemas.proof import Certificate
from tests.conftest import ON


@dataclass(frozen=True)
class Guard:
    """A line of a document, what is written in its place, and the statement that must fall."""

    file: str
    line: str
    instead: str
    falls: str


GUARDS = {
    "an opioid need not come after an NSAID": Guard(
        "treatments/opioid.md", "| opioid-never-first |", "", "INV-O1"
    ),
    "an active use disorder stands in no opioid's way": Guard(
        "treatments/opioid.md", "| opioid-use-disorder-active |", "", "INV-O4"
    ),
    "no plan is needed for an injection on an anticoagulant": Guard(
        "treatments/epidural-steroid-injection.md", "| esi-antithrombotic-plan |", "", "INV-C7"
    ),
    "a needle goes where the skin is infected": Guard(
        "treatments/trigger-point-injection.md", "| tpi-site-infection |", "", "INV-C8"
    ),
}  # fmt: skip


def without(guard: Guard) -> Pathway:
    files = {n: t for n, t in pathway_files("fbss").items() if not n.startswith("vignettes/")}
    lines = files[guard.file].splitlines()
    (at,) = [at for at, line in enumerate(lines) if line.startswith(guard.line)]
    lines[at : at + 1] = [guard.instead] if guard.instead else []
    return load_pathway({**files, guard.file: "\n".join(lines) + "\n"})


def proved(pathway: Pathway, *only: str) -> Certificate:
    return prove(pathway, build_network(pathway), None, 120.0, clock=lambda: 0.0, only=only)


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize("name", GUARDS)
def test_without_its_guard_a_statement_falls_and_a_patient_shows_it(name: str) -> None:
    guard = GUARDS[name]
    weakened = without(guard)

    (statement,) = proved(weakened, guard.falls).statements

    assert not statement.proved
    example = statement.counter_example
    assert example is not None
    assert example.reproduced
    decider, checker = Decider(weakened, "test"), Checker(weakened)
    for data, expected in zip(example.patients, example.expected, strict=True):
        assert outcome_of(decider.decide(checker.check(data, ON)), weakened.signs) == expected


@pytest.mark.hazard("H-01")
def test_a_red_sign_that_asks_for_something_else_is_found_out() -> None:
    weakened = without(
        Guard(
            "red-signs.md",
            "| weakness_open |",
            "| weakness_open | not known(diabetes) and leg_weakness in (new, worsening, onset-unknown) "
            "| leg weakness | C |",
            "INV-R9",
        )
    )

    (statement,) = proved(weakened, "INV-R9").statements

    assert not statement.proved
    assert any("diabetes" in each for each in statement.open)


def test_with_its_guard_each_of_these_statements_is_proved(pathway: Pathway) -> None:
    certificate = proved(pathway, *(guard.falls for guard in GUARDS.values()))

    assert certificate.holds
    assert len(certificate.statements) == len(GUARDS)


def test_a_table_that_offers_before_it_holds_is_found_out(pathway: Pathway) -> None:
    def careless(logic: Logic[int], s: Standing[int], held: bool = True) -> Rows[int, Verdict]:
        return [row for row in verdict_rows(logic, s, held) if row[1] is not Verdict.ON_HOLD]

    certificate = prove(
        pathway, build_network(pathway), None, 120.0, clock=lambda: 0.0, only=("INV-R6",),
        table=careless,
    )  # fmt: skip

    (statement,) = certificate.statements
    assert not statement.proved
    # The table is wrong, not the decision: deciding the patient again must show that.
    assert statement.counter_example is not None
    assert not statement.counter_example.reproduced


def test_a_counter_example_is_a_patient_that_decide_accepts(tmp_path: Path) -> None:
    (statement,) = proved(
        without(GUARDS["a needle goes where the skin is infected"]), "INV-C8"
    ).statements
    assert statement.counter_example is not None
    for at, patient in enumerate(statement.counter_example.patients):
        file = tmp_path / f"{at}.json"
        file.write_text(json.dumps(patient))
        result = CliRunner().invoke(app, ["decide", str(file), "--format", "json"])
        assert result.exit_code == 0, result.output


def test_what_there_was_no_time_for_is_not_called_proved(pathway: Pathway) -> None:
    ticks = iter(range(10_000))

    certificate = prove(
        pathway, build_network(pathway), None, 3.0, clock=lambda: float(next(ticks))
    )

    assert not certificate.holds
    late = [each for each in certificate.statements if not each.checked]
    assert late
    assert all(each.open == ("the time was over",) for each in late)


def test_the_certificate_names_the_documents_it_speaks_of(tmp_path: Path, pathway: Pathway) -> None:
    file = tmp_path / "certificate.json"

    result = CliRunner().invoke(
        app, ["verify", "--prove", "--seconds", "1", "--certificate", str(file)]
    )

    certificate = Certificate.model_validate_json(file.read_text())
    assert certificate.content_hash == pathway.content_hash
    assert result.exit_code == (0 if certificate.holds else 1)
    assert "statements proved over all patients" in result.output.splitlines()[-1]
