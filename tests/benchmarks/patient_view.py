"""A patient-view call with a record of 200 resources: its parts, and the whole of it under 20 clients at once."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from typing import Any

from api.cds_hooks.call import read_call
from api.cds_hooks.prefetch import look
from api.fhir.reading import read_record
from api.library import get_codes, get_pathway, get_vignettes
from api.strict_json import RECORD, RECORD_BYTES, read_json
from tests.benchmarks.figures import Figure, Part, Ratio
from tests.benchmarks.serving import processor, serving
from tests.conftest import ON
from tests.fhir_records import PATIENT, record_of

RESOURCES = 200
CLIENTS = 20
CALLS = 20
"""By each client."""
READY = "/health/ready"
ADDRESS = "/cds-services/steppedcare-fbss-patient-view"


def body(resources: int = RESOURCES) -> bytes:
    """Return the call: a built-in patient, and as many other findings as make up so many *resources*.

    With few, a part of the patient's own record.
    """
    (vignette,) = [each for each in get_vignettes("fbss") if each.id == "V09"]
    record = record_of(vignette.input)
    assert record is not None
    found = [entry["resource"] for entry in record["entry"]]
    (person,) = [each for each in found if each["resourceType"] == "Patient"]
    rest = [each for each in found if each is not person][: resources - 1]
    found = [person, *rest]
    conditions = [each for each in rest if each["resourceType"] == "Condition"]
    others = [each for each in rest if each["resourceType"] != "Condition"]
    conditions += [_problem(at) for at in range((resources - len(found)) // 2)]
    others += [_laboratory(at) for at in range(resources - 1 - len(conditions) - len(others))]
    call = {
        "hook": "patient-view",
        "hookInstance": "0b7f7d2e-30a5-4f10-9a4e-2f3f5b7b3a11",
        "context": {"userId": "Practitioner/u1", "patientId": PATIENT},
        "prefetch": {
            "patient": person,
            "conditions": _bundle(conditions),
            "other": _bundle(others),
        },
    }
    return json.dumps(call).encode()


def _bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [
        {"fullUrl": f"https://ehr.example/{at}", "resource": r} for at, r in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "searchset", "entry": rows}


def _problem(at: int) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": f"extra-{at}",
        "meta": {"versionId": "1", "lastUpdated": "2026-01-01T10:00:00Z"},
        "clinicalStatus": {"coding": [{"system": f"{_HL7}/condition-clinical", "code": "active"}]},
        "verificationStatus": {
            "coding": [{"system": f"{_HL7}/condition-ver-status", "code": "confirmed"}]
        },
        "code": {
            "coding": [{"system": "http://snomed.info/sct", "code": str(10_000_000 + at)}],
            "text": "another problem",
        },
        "subject": {"reference": f"Patient/{PATIENT}"},
        "onsetDateTime": "2019-05-01",
    }


def _laboratory(at: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"laboratory-{at}",
        "status": "final",
        "category": [{"coding": [{"system": f"{_HL7}/observation-category", "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": f"{20_000 + at}-1"}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": "2026-01-15T08:00:00Z",
        "valueQuantity": {
            "value": 4.2, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L",
        },
    }  # fmt: skip


_HL7 = "http://terminology.hl7.org/CodeSystem"


def parse(data: bytes) -> Any:
    """Read the bytes of a call strictly."""
    return read_json(data, RECORD_BYTES, RECORD)


def map_record(parsed: Any) -> Any:
    """Turn a parsed call into the input of a decision."""
    looked = look("patient-view", read_call(parsed, ("patient-view",)).prefetch)
    return read_record(
        looked.resources,
        subject=PATIENT,
        on=ON,
        pathway=get_pathway("fbss"),
        codes=get_codes("fbss"),
    )


def under_load() -> tuple[list[float], int, float | None]:
    """Return the seconds each answered call took, how many were refused, and the processor's seconds for one call.

    The service is held to one core, has passed its self-test and answered 20 calls, and 20 clients call at once; one
    that is refused waits as it is told. On a machine with other
    work the first two say more about that work; the last does not, and is None where the system does not tell.
    """
    with serving("api.main:app", READY) as (pid, port):
        data, times, refused = body(), list[float](), list[float]()
        _client(port, data, CALLS, [], [])
        clients = [
            threading.Thread(target=_client, args=(port, data, CALLS, times, refused))
            for _ in range(CLIENTS)
        ]
        before = processor(pid)
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        after = processor(pid)
    used = None if before is None or after is None else (after - before) / (CLIENTS * CALLS)
    return times, len(refused), used


def _client(port: int, data: bytes, calls: int, times: list[float], refused: list[float]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(calls):
        begun = time.perf_counter()
        line.request("POST", ADDRESS, data, {"Content-Type": "application/json"})
        answer = line.getresponse()
        answer.read()
        if answer.status not in (200, 503):
            raise RuntimeError(f"a call was answered with {answer.status}")
        (times if answer.status == 200 else refused).append(time.perf_counter() - begun)
        if answer.status == 503:
            time.sleep(float(answer.headers["Retry-After"]))
    line.close()


def measure() -> Part:
    """Return the figures of a service under load."""
    times, refused, used = under_load()
    part = Part(f"Patient-view, {RESOURCES} resources, {CLIENTS} clients at once, one core (clock)")
    cuts = statistics.quantiles(times, n=100)
    part.ratios.append(Ratio("refused, of a hundred calls", 100 * refused / (CLIENTS * CALLS), "0"))
    part.figures = [
        Figure("p50", [cuts[49]]),
        Figure("p95", [cuts[94]], limit=500),
        Figure("p99", [cuts[98]]),
    ]
    if used is not None:
        part.figures.append(Figure("processor time a call", [used]))
    return part
