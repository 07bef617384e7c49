"""The generated patients, made once for all workers of a test run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from rules.check import Checker
from rules.decide import Decider
from rules.verification.bench import Bench, Laid, lay_benches
from rules.verification.border import border_patients
from schemas.pathway import Pathway
from schemas.verification import BorderPatient
from schemas.vignette import Vignette
from tests.conftest import ON

PATIENTS = TypeAdapter(tuple[BorderPatient, ...])


@pytest.fixture(scope="session")
def border(
    decider: Decider,
    checker: Checker,
    pathway: Pathway,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> tuple[BorderPatient, ...]:
    """Every patient at a border; the first worker that asks makes them, the others wait for its file."""
    if worker_id == "master":
        return border_patients(pathway, decider.network, checker)
    shared = tmp_path_factory.getbasetemp().parent / "border-patients.json"
    try:
        claimed = os.open(f"{shared}.claimed", os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return _awaited(shared)
    os.close(claimed)
    patients = border_patients(pathway, decider.network, checker)
    unfinished = shared.with_suffix(".part")
    unfinished.write_bytes(PATIENTS.dump_json(patients))
    unfinished.rename(shared)
    return patients


def _awaited(shared: Path) -> tuple[BorderPatient, ...]:
    deadline = time.monotonic() + 600
    while not shared.exists():
        assert time.monotonic() < deadline, "the other worker never wrote the generated patients"
        time.sleep(0.2)
    return PATIENTS.validate_json(shared.read_bytes())


@pytest.fixture(scope="session")
def laid(benches: list[Bench]) -> Laid:
    return benches[0].laid


@pytest.fixture(scope="session")
def benches(
    border: tuple[BorderPatient, ...],
    vignettes: tuple[Vignette, ...],
    decider: Decider,
    checker: Checker,
) -> list[Bench]:
    """The vignettes and the generated patients, by settings profile."""
    return lay_benches(decider, checker, vignettes, border, ON)
