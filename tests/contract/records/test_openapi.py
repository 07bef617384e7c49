"""What the OpenAPI document says of recorded decisions is what the routes do, whatever is sent."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tests.contract.doors import DECISIONS
from tests.contract.records.kept import ID, PLAIN, Make
from tests.contract.test_openapi import CHECKS


def test_the_document_of_a_recording_service_is_valid_and_true(make: Make) -> None:
    client = make()
    document = client.get("/openapi.json").json()
    found = list(jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(document))
    id = client.post(DECISIONS, json=PLAIN).headers[ID]
    client.post(f"/v1/decisions/{id}/feedback", json={"outcome": "done"})

    assert found == []
    for path, method, answer in (
        ("/v1/decisions/{decision}", "get", client.get(f"/v1/decisions/{id}")),
        ("/v1/decisions/search", "post", client.post("/v1/decisions/search", json={})),
        (
            "/v1/decisions/{decision}/replay",
            "post",
            client.post(f"/v1/decisions/{id}/replay", json={}),
        ),
    ):
        operation = document["paths"][path][method]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": document["components"]}
        jsonschema_rs.validator_for(whole).validate(answer.json())
    named = {
        p["name"] for p in document["paths"]["/v1/pathways/{id}/decisions"]["post"]["parameters"]
    }
    assert named == {"id", "Idempotency-Key", "Steppedcare-Patient"}


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_sent_to_the_log_gets_a_documented_answer_and_never_a_fault(
    make: Make, mode: GenerationMode
) -> None:
    client = make(hosts=("testserver",))
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    settled = settings(
        max_examples=8, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for path in schema:
        if path.startswith("/v1/decisions"):
            for method in schema[path]:
                if method.upper() == "GET" and mode is GenerationMode.NEGATIVE:
                    continue  # every text may be an id
                operation = schema[path][method]

                def send(case: Any) -> None:
                    case.call_and_validate(checks=CHECKS)

                settled(given(case=operation.as_strategy(generation_mode=mode))(send))()
