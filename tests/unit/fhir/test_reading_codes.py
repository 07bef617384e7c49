"""Every code of the lists is read, and none that differs from it by a sign: a silent list is noticed (H-14)."""

from __future__ import annotations

from typing import Any

import pytest

from api.fhir.reading.procedures import FOR_PAIN, IMAGED, OPERATIONS, TRIED
from api.library import get_codes, get_pathway
from schemas.codes import Code
from schemas.facts import FactKind
from tests.unit.fhir.charts import (
    condition,
    facts,
    listed,
    not_used,
    observation,
    procedure,
    quantity,
    read,
    request,
)

CODES, FACTS = get_codes("fbss"), get_pathway("fbss").facts
UNITS = {
    "egfr": "mL/min/{1.73_m2}", "hba1c_percent": "%", "glucose_mg_dl": "mg/dL", "platelets": "10*9/L", "inr": "{INR}",
    "temperature_c": "Cel", "gestation_weeks": "wk", "odi_percent": "%", "pvr_ml": "mL", "mme_per_day": "{MME}/d",
    "mbb_relief_percent": "%", "scs_trial_relief_percent": "%",
}  # fmt: skip


def uri(code: Code) -> str:
    return CODES.systems[code.system].uri or ""


def coded(list_name: str) -> list[Any]:
    """Return every code of a list that gives a fact and whose system has an address."""
    return [
        pytest.param(concept.fact, uri(code), code.code + ("5" if code.prefix else ""), id=f"{concept.id}-{code.code}")
        for concept in CODES.concepts[list_name]
        for code in concept.codes
        if concept.fact and uri(code) and not (code.prefix and len(code.code) < 3)
    ]  # fmt: skip


@pytest.mark.hazard("H-14")
@pytest.mark.parametrize(("fact", "system", "code"), coded("conditions"))
def test_h14_every_code_of_a_condition_is_read_and_none_beside_it(
    fact: str, system: str, code: str
) -> None:
    entry = condition(code, system)

    if FACTS[fact].kind in (FactKind.BOOLEAN, FactKind.SIGN):
        assert fact in facts(entry)
    else:
        assert not_used(entry)[0][1].startswith("1 that need a further answer")
    assert not_used(condition(code, system + "x")) == [
        ("Condition", "1 with a code nobody here knows")
    ]
    assert not_used(condition("~" + code, system)) == [
        ("Condition", "1 with a code nobody here knows")
    ]


@pytest.mark.hazard("H-14")
@pytest.mark.parametrize(("fact", "system", "code"), coded("observations"))
def test_h14_every_code_of_a_measurement_is_read_and_none_beside_it(
    fact: str, system: str, code: str
) -> None:
    definition = FACTS[fact]
    value: dict[str, Any] = {"valueQuantity": None, "valueBoolean": True}
    if definition.kind is not FactKind.BOOLEAN:
        amount = int(definition.maximum or 0)
        value = {"valueQuantity": quantity(amount, UNITS.get(fact))}

    assert fact in facts(observation(code=code, system=system, **value))
    strange = observation(code="~" + code, system=system, **value)
    assert not_used(strange) == [("Observation", "1 with a code nobody here knows")]


@pytest.mark.hazard("H-14")
@pytest.mark.parametrize("agent", sorted(CODES.medicines))
def test_h14_every_code_of_a_medicine_is_read_and_none_beside_it(agent: str) -> None:
    for code in CODES.medicines[agent]:
        for written, known in ((code.code, True), ("~" + code.code, False)):
            medicine = {"coding": [{"system": uri(code), "code": written}]}
            found = read(request(medicine), listed("medications")).input["medications"]
            assert ([row["agent"] for row in found] == [agent]) is known


@pytest.mark.hazard("H-14")
@pytest.mark.parametrize("concept", CODES.concepts["procedures"], ids=lambda each: each.id)
def test_h14_every_code_of_a_procedure_is_read_or_said_to_settle_nothing(concept: Any) -> None:
    for code in concept.codes:
        done = procedure(code.code, uri(code))
        found = read(done, listed("surgeries", "trials")).input
        used = bool(found["surgeries"] or found["trials"] or found["facts"])
        known = concept.id in OPERATIONS.keys() | TRIED.keys() | IMAGED or concept.fact is not None
        assert used is known
        strange = not_used(procedure("~" + code.code, uri(code)))
        assert strange == [("Procedure", "1 with a code nobody here knows")]


def test_what_the_reader_names_of_the_lists_stands_in_them() -> None:
    procedures = {each.id for each in CODES.concepts["procedures"]}
    conditions = {each.id for each in CODES.concepts["conditions"]}

    assert OPERATIONS.keys() | TRIED.keys() | IMAGED <= procedures
    assert conditions >= FOR_PAIN
    assert {"pregnancy-weeks"} <= conditions
