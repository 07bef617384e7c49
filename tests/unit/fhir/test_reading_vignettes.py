"""Every patient of ours that FHIR can say gets the same decision through a record as through our own input."""

from __future__ import annotations

from typing import Any

import pytest

from api.fhir.reading import read_record
from api.library import get_codes, get_pathway, get_vignettes
from api.service import decide_input
from tests.fhir_records import day_of, record_of

LOOKS = [
    pytest.param(look.input, id=f"{vignette.id}-{number}")
    for vignette in get_vignettes("fbss")
    for number, look in enumerate(vignette.looks, start=1)
]
NOT_COMPARED = {"input", "receipt"}
OF_THE_RECORD = {"date", "source"}
"""Where and when a fact was recorded: the record says it, our own input does not."""


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key not in OF_THE_RECORD}
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("data", LOOKS)
def test_a_patient_told_as_a_record_gets_the_decision_of_the_patient_told_to_us(
    data: dict[str, Any],
) -> None:
    record, on = record_of(data), day_of(data)
    assert record is not None
    read = read_record(
        [record],
        subject=None,
        on=on,
        pathway=get_pathway("fbss"),
        codes=get_codes("fbss"),
        settings=data.get("settings", "default"),
    )

    told = decide_input("fbss", data, on).model_dump(mode="json", exclude=NOT_COMPARED)
    through = decide_input("fbss", read.input, on).model_dump(mode="json", exclude=NOT_COMPARED)

    assert plain(through) == plain(told)
    assert read.input["not_used"] == []


def test_every_vignette_can_be_said_and_much_of_it_in_codes() -> None:
    kinds = {
        entry["resource"]["resourceType"]
        for vignette in get_vignettes("fbss")
        for entry in (record_of(vignette.input) or {"entry": []})["entry"]
    }

    assert kinds == {
        "Patient", "Condition", "Observation", "Procedure", "MedicationRequest",
        "MedicationStatement", "QuestionnaireResponse",
    }  # fmt: skip
