"""Rows 26 to 43 of the bad-input table: bodies that are sound JSON and whose meaning is wrong, hostile or stale."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretBytes
from starlette.testclient import TestClient

from api.app import create_app
from api.records.settings import RecordSettings
from api.service import decide_input
from api.settings import ServiceSettings
from tests.contract.access import entrance
from tests.contract.access import test_no_way_in as no_way_in
from tests.contract.access.entrance import Entrance, Heard
from tests.contract.bad_input_doors import CDS, ROUTES, Case, Doors, Seen, seen
from tests.contract.cds_hooks import test_tokens as tokens
from tests.contract.cds_hooks.charts import OPERATED, bundle, call, person, prefetch, problem
from tests.contract.cds_hooks.conftest import knocking, opened
from tests.contract.cds_hooks.test_fetch import ADDRESSES, Network, asking, connected
from tests.contract.doors import CANARY, DECISIONS, as_bytes, run
from tests.contract.fhir.asking import parameters, subject
from tests.unit.fhir import charts
from tests.unit.pathways.seeding import documents

ANSWERED = 200
Send = Callable[[Doors], Seen]


def _read(
    row: int, what: str, *resources: Any, why: str, facts: dict[str, Any] | None = None
) -> Case:
    """Return a case in which a record gives only *facts*, and says *why* of what was not used."""

    def send(_: Doors) -> Seen:
        found = charts.read(*resources).input
        values = {name: entry.get("value") for name, entry in found["facts"].items()}
        told = "; ".join(each["why"] for each in found["not_used"])
        assert values == (facts or {})
        assert why in told
        # The reading alone is not the answer: the decision must carry what was not used.
        decision = decide_input("fbss", found, charts.ON)
        assert why in "; ".join(each.why for each in decision.not_used)
        return Seen(ANSWERED, (), told, {})

    return Case(row, what, "record", send, ANSWERED)


def _apply(doors: Doors, *resources: Any) -> Seen:
    """Send a record to the FHIR door."""
    data = {"name": "data", "resource": charts.bundle(*resources)}
    return doors.post("fhir", as_bytes(parameters(subject(), data)))


def _hook(doors: Doors, body: Any) -> Seen:
    return doors.post("cds", as_bytes(body))


def _values() -> list[Case]:
    cases = [
        _read(
            26,
            "a birth after the day of the question",
            charts.patient(birthDate="2027-01-01"),
            why="born after",
        ),
        _read(
            26,
            "a death before the day of the question",
            charts.patient(birthDate=None, deceasedDateTime="2020-01-01"),
            why="has died",
        ),
    ]
    for day in ("2026-02-30", "2026-2-3", "0000-00-00", "9999-12-31", "2026-02-20T10:00:00+15:00"):
        bad = charts.observation(effectiveDateTime=day)
        cases.append(_read(27, f"measured on {day}", bad, why="date that is none"))
    for what, quantity, why in (
        ("no unit", charts.quantity(55, None), "without a unit"),
        ("an unknown unit", charts.quantity(55, "bananas"), "unit that is not expected"),
        ("a unit of the wrong kind", charts.quantity(55, "kg"), "unit that is not expected"),
        ("a comparator", charts.quantity(55, comparator="<"), "comparator"),
    ):
        cases.append(_read(29, what, charts.observation(valueQuantity=quantity), why=why))
    return [*cases, Case(28, "a red sign true and false on one day", "record", _both, ANSWERED)]


def _both(_: Doors) -> Seen:
    """Read two forms of one day that contradict each other on a red sign: the sign stands, the conflict is named."""
    said = [
        charts.form(charts.answer("bladder_disturbance", valueCoding={"code": code}), id=code)
        for code in ("none", "new")
    ]
    for order in (said, said[::-1]):
        decision = decide_input("fbss", charts.read(*order).input, charts.ON)
        assert [sign.id for sign in decision.red_signs] == ["R1"]
        assert any("contradict each other" in each.why for each in decision.not_used)
    return Seen(ANSWERED, (), "", {})


def _whose() -> list[Case]:
    two = (charts.patient(), charts.patient(id="p2"))
    ten = charts.condition(subject={"reference": "Patient/p10"})
    mixed: dict[str, tuple[Any, ...]] = {
        "two patients": (*two, charts.condition()),
        "p10 for p1": (charts.patient(), ten),
        "an absolute stranger": (
            charts.patient(),
            charts.condition(subject={"reference": f"https://ehr.example/fhir/Patient/{CANARY}"}),
        ),
    }
    cases = []
    for what, resources in mixed.items():
        rows = charts.bundle(*resources)["entry"]
        cases += [
            Case(30, what, "fhir", _applied(*resources), 422, "other-patient"),
            Case(30, what, "cds", _viewed(rows), 400, "other-patient"),
        ]
    torn = charts.condition(patient={"reference": "Patient/p9"})
    cases.append(
        Case(
            30,
            "one resource of two patients",
            "batch",
            lambda doors: doors.batch(as_bytes(torn), good=(charts.patient(),)),
            1,
            "other-patient",
        )
    )
    for what, whose in (("no subject", None), ("a subject by display only", {"display": CANARY})):
        nobody = charts.condition(subject=whose)
        cases.append(_read(30, what, charts.patient(birthDate=None), nobody, why="patient"))
    return cases


def _applied(*resources: Any) -> Send:
    return lambda doors: _apply(doors, *resources)


def _viewed(rows: list[Any]) -> Send:
    """Send the rows as the answer to the search for conditions, the first one apart: it is the patient."""
    found = [rows[-1], *rows[1:-1]]
    data = {
        "patient": charts.patient(),
        "conditions": {**bundle(), "entry": found, "total": len(found)},
    }
    return lambda doors: _hook(doors, call(context={"patientId": "p1"}, data=data))


def _not_evidence() -> list[Case]:
    def word(code: str) -> dict[str, Any]:
        return {"coding": [{"code": code}]}

    modified: dict[str, Any] = {
        "modifierExtension": [{"url": f"https://example.org/{CANARY}", "valueBoolean": True}]
    }
    rows = {
        "refuted": charts.condition(verificationStatus=word("refuted")),
        "in error": charts.condition(verificationStatus=word("entered-in-error")),
        "a result in error": charts.observation(status="entered-in-error"),
        "a result cancelled": charts.observation(status="cancelled"),
        "not done": charts.procedure(status="not-done"),
        "a draft": charts.request(status="draft"),
        "an order not to give it": charts.request(doNotPerform=True),
        "an unknown modifier": charts.condition(**modified),
    }
    return [_read(31, what, resource, why="1 ") for what, resource in rows.items()]


def _prefetched() -> list[Case]:
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    more = bundle(problem(OPERATED), link=[{"relation": "next", "url": "https://ehr.example/next"}])

    def told(data: Any, words: str) -> Send:
        def send(doors: Doors) -> Seen:
            found = _hook(doors, call(data={"patient": person(), **data}))
            assert words in found.words
            return found

        return send

    return [
        Case(32, "a key left out", "cds", told({}, "conditions"), 412, "required"),
        Case(32, "null", "cds", told({"conditions": None}, '"cards":[]'), 200),
        Case(32, "an error outcome", "cds", told({"conditions": failed}, "conditions"), 412, "required"),
        Case(32, "a next link", "cds", told({"conditions": more}, "Only the first part"), 200),
    ]  # fmt: skip


def _references() -> list[Case]:
    inside = {
        "resourceType": "Medication",
        "id": "m",
        "ingredient": [{"itemReference": {"reference": "#m"}}],
    }
    circle = charts.request(
        medicationCodeableConcept=None, medicationReference={"reference": "#m"}, contained=[inside]
    )
    many = charts.condition(
        contained=[{"resourceType": "Condition", "id": str(i)} for i in range(10_000)]
    )
    return [
        # Nothing is followed in a circle, so there is nothing to refuse: it is not evidence.
        _read(33, "a reference in a circle", circle, why="cannot be named"),
        Case(33, "10,000 contained resources", "fhir", _applied(charts.patient(), many), 400, "too-many-items"),
        Case(33, "10,000 contained resources", "batch", lambda doors: doors.batch(as_bytes(many)), 1, "too-many-items"),
    ]  # fmt: skip


@cache
def _fetching() -> tuple[Network, TestClient]:
    """Return a service that may fetch from one server, and the network that nothing may come to."""
    network = Network()
    return network, connected(network)


def _servers() -> list[Case]:
    def unheard(server: str) -> Send:
        def send(_: Doors) -> Seen:
            network, client = _fetching()
            found = seen(client.post(CDS, json=asking(server)))
            assert (network.names, network.requests) == ([], [])
            return found

        return send

    def token(_: Doors) -> Seen:
        app = opened({"fhir_servers": ["https://ehr.example.org/fhir"]})
        found = seen(knocking(app).post(CDS, json=asking("https://elsewhere.example/fhir")))
        assert CANARY not in repr(app.state.cds_hooks.state.__dict__)
        return found

    return [
        *(
            Case(34, repr(each), "cds", unheard(each), *((400, "missing") if not each else (412, "required")))
            for each in ADDRESSES
        ),
        Case(35, "a token in the body", "cds", token, 412, "required"),
    ]  # fmt: skip


TEXTS = (
    "<script>alert(1)</script>", "[a](javascript:alert(1))", "![a](https://evil.example/x.png)",
    "=HYPERLINK(1)", "line\\n{\\\"level\\\": \\\"info\\\"}", "\\u001b[31mURGENCY   U3",
)  # fmt: skip


def _texts() -> list[Case]:
    def body(text: str) -> bytes:
        said = f'"treatment": "opioid", "lifts": "not-yet", "who": "x", "when": "2026", "why": "ten letters {text}"'
        return f'{{"facts": {{}}, "overrides": [{{{said}}}], "on": "2026-03-01"}}'.encode()

    def printed(text: str) -> Send:
        def send(_: Doors) -> Seen:
            found = run("decide", "-", stdin=body(text))
            assert sum(line.startswith("URGENCY") for line in found.words.splitlines()) == 1
            assert "\x1b" not in found.words
            return Seen(found.code, (), found.words, {})

        return send

    def answered(text: str) -> Send:
        def send(doors: Doors) -> Seen:
            found = doors.post("v1", body(text))
            assert found.headers["content-type"] == "application/json"
            assert found.headers["x-content-type-options"] == "nosniff"
            return found

        return send

    cases = []
    for text in TEXTS:
        refused = "\\u001b" in text
        cases += [
            Case(36, text, "v1", answered(text), *((422, "text-not-allowed") if refused else (200, ""))),
            *([] if refused else [Case(36, text, "command", printed(text), 0)]),
        ]  # fmt: skip
    return cases


@cache
def _guarded(folder: Path) -> TestClient:
    """Return a service that knows one client, whose keys it keeps in *folder*."""
    keys = folder / "keys.json"
    keys.write_text(json.dumps(tokens.KEYS))
    return knocking(opened({"clients": [{"iss": tokens.ISS, "jwks_file": str(keys)}]}))


def _tokens() -> list[Case]:
    """Return every kind of bad token; each must get the very bytes that no token at all gets."""

    def ask(doors: Doors, *given: str) -> tuple[Seen, bytes]:
        client = _guarded(doors.shared)
        if given == ("twice",):
            given = (tokens.token(),)
            assert tokens.ask(client, *given).status_code == 200
        answer = tokens.ask(client, *given)
        assert answer.content == tokens.ask(client).content
        assert answer.headers["www-authenticate"].startswith("Bearer")
        return seen(answer), answer.content

    def one(make: Callable[[], str]) -> Send:
        return lambda doors: ask(doors, make())[0]

    several: dict[str, Send] = {
        "absent": lambda doors: ask(doors)[0],
        "two headers": lambda doors: ask(doors, tokens.token(), tokens.token())[0],
        "used before": lambda doors: ask(doors, "twice")[0],
    }
    several |= {what: one(make) for what, make in tokens.WRONG.items() if what != "a key too short"}
    cases = [Case(38, what, "cds", send, 401, "unauthorized") for what, send in several.items()]
    return cases + [
        Case(38, what, door, _kept_out(door, what), 401, "unauthorized")
        for door in ("v1", "fhir")
        for what in no_way_in.BAD
    ]


@cache
def _entrance(folder: Path) -> Entrance:
    """Return a service that asks everybody, with keys in order, taken back and expired."""
    apart = folder / "entrance"
    apart.mkdir()
    found = entrance.opened(apart, record="full")
    found.made |= {"north": found.key(), "south": found.key(tenant="south")}
    found.made |= {"expired": found.key(days=-1), "revoked": found.key()}
    found.store.revoke(found.made["revoked"][:16], int(time.time()))
    return found


def _kept_out(door: str, kind: str) -> Send:
    """Send a sound body with a bad credential; the answer must be, byte for byte, that to no credential."""
    path, body = ROUTES[door][0], as_bytes({"facts": {}})

    def send(doors: Doors) -> Seen:
        service = _entrance(doors.shared)
        given = no_way_in.BAD[kind](service, no_way_in.maker(path, "jti" in kind))
        answer = asyncio.run(entrance.knock(service.app, "POST", path, given, body))
        nobody = asyncio.run(entrance.knock(service.app, "POST", path, (), body))
        assert answer.body == nobody.body
        return _heard(answer)

    return send


def _heard(answer: Heard) -> Seen:
    return seen(_Answer(answer))


class _Answer:
    def __init__(self, heard: Heard) -> None:
        self.status_code, self.headers = heard.status, heard.headers
        self.text = heard.body.decode()

    def json(self) -> Any:
        return json.loads(self.text)


def _recording(doors: Doors) -> TestClient:
    records = RecordSettings(
        record="full",
        database=str(doors.folder / "log.sqlite3"),
        key=SecretBytes(b"kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"),
        wait_seconds=5,
    )
    return TestClient(create_app(ServiceSettings(records=records)), base_url="http://127.0.0.1")


def _recorded(ask: Callable[[TestClient], Seen]) -> Send:
    """Ask a service that keeps records."""

    def send(doors: Doors) -> Seen:
        client = _recording(doors)
        with closing(client.app.state.keeper.recorder):  # type: ignore[attr-defined]
            return ask(client)

    return send


def _post(client: TestClient, key: str, facts: dict[str, Any]) -> Any:
    body = {"facts": facts, "on": "2026-03-01"}
    return client.post(DECISIONS, json=body, headers={"Idempotency-Key": key})


def _elsewhere(doors: Doors) -> Seen:
    """Ask with a key of one clinic for what was decided for another: the answer is that to an id nobody has."""
    service = _entrance(doors.shared)

    def ask(method: str, path: str, whose: str, body: bytes = b"") -> Heard:
        key = [f"Bearer {service.made[whose]}"]
        return asyncio.run(entrance.knock(service.app, method, path, key, body))

    made = ask("POST", DECISIONS, "north", as_bytes({"facts": {}}))
    id = made.headers["steppedcare-decision-id"]
    assert ask("GET", f"/v1/decisions/{id}", "north").status == 200
    found = ask("GET", f"/v1/decisions/{id}", "south")
    assert found.body == ask("GET", f"/v1/decisions/{uuid.uuid4()}", "south").body
    return _heard(found)


def _same(client: TestClient) -> Seen:
    key = str(uuid.uuid4())
    first, again = _post(client, key, {"age": 51}), _post(client, key, {"age": 51})
    assert first.headers["steppedcare-decision-id"] == again.headers["steppedcare-decision-id"]
    return seen(again)


def _other_body(client: TestClient) -> Seen:
    key = str(uuid.uuid4())
    assert _post(client, key, {"age": 51}).status_code == 200
    return seen(_post(client, key, {"age": 52}))


def _hundred(client: TestClient) -> Seen:
    key = str(uuid.uuid4())

    def ask(_: int) -> Any:
        while (answer := _post(client, key, {"age": 51})).status_code == 503:
            assert answer.headers["retry-after"]  # too much at once: told to come back
        return answer

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(100)))
    assert len({each.headers["steppedcare-decision-id"] for each in answers}) == 1
    assert client.app.state.keeper.recorder.log.verify().links == 1  # type: ignore[attr-defined]
    return seen(answers[-1])


def _calls() -> list[Case]:
    whole = call(data=prefetch())

    def without(*path: str, put: Any = ...) -> Any:
        body = json.loads(json.dumps(whole))
        place = body
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]
        if put is not ...:
            place[path[-1]] = put
        return body

    wrong = {
        "a hook that is not ours": (without("hook", put=CANARY), "wrong-type"),
        "the hook of another service": (without("hook", put="order-sign"), "wrong-type"),
        "no hook": (without("hook"), "missing"),
        "an empty hook": (without("hook", put=""), "missing"),
        "no instance": (without("hookInstance"), "missing"),
        "an instance that is null": (without("hookInstance", put=None), "missing"),
        "no context": (without("context"), "missing"),
        "no patient": (without("context", "patientId"), "missing"),
        "a patient that is empty": (without("context", "patientId", put=""), "missing"),
        "a patient that is null": (without("context", "patientId", put=None), "missing"),
    }
    cases = [
        Case(40, what, "cds", lambda doors, body=body: _hook(doors, body), 400, code)  # type: ignore[misc]
        for what, (body, code) in wrong.items()
    ]
    # Clients send a constant or a short text here, so it is written to the log and nothing is keyed by it.
    odd = without("hookInstance", put="not a UUID")
    return [*cases, Case(40, "an instance that is no UUID", "cds", lambda doors: _hook(doors, odd), 200)]  # fmt: skip


def _ten_thousand(doors: Doors) -> Seen:
    lines = [as_bytes(charts.condition(id=f"c{at}")) for at in range(10_000)]
    lines[5_000] = b'{"resourceType": "Condition", "%s' % CANARY.encode()
    found = doors.batch(*lines, good=(charts.patient(),))
    assert "Condition.ndjson:5001" in found.words
    assert found.words.count("not-json") == 1
    decided = (doors.folder / "out.ndjson").read_text().splitlines()
    assert [json.loads(line)["patient"] for line in decided] == ["p1"]
    assert "copd" in decided[0]
    return found


def _rule(id: str, **fields: str) -> str:
    whole = {"effect": "advise", "when": "smoker", "says": "x", "source": "C"} | fields
    lines = "\n".join(f"{key}: {text}" for key, text in whole.items() if text)
    return f"\n```rule {id}\n{lines}\n```\n"


_HOSTILE = {
    "a bomb of aliases": ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "yaml-alias"),
    "a tag": ("a: !!python/object/apply:os.system [ls]", "yaml-tag"),
    "10 MB": ("a: " + "x" * 10_000_000, "document-too-large"),
    "100,000 levels": ("a: " + "[" * 100_000, "yaml-too-deep"),
}


def _hostile() -> list[Case]:
    def sent(more: dict[str, str]) -> Send:
        def send(doors: Doors) -> Seen:
            found = doors.documents({**documents(), **more})
            assert "Traceback" not in found.words
            return found

        return send

    cases = [
        Case(43, what, "documents", sent({"facts.yaml": text}), 3, code)
        for what, (text, code) in _HOSTILE.items()
    ]
    cycle = _rule("evil-one", overrides="evil-two") + _rule("evil-two", overrides="evil-one")
    evil = {
        "rules that are exceptions to each other": (cycle, "cyclic-override"),
        "a fact nobody has": (_rule("evil", when="no_such_fact > 3"), "unknown-fact"),
        "a rule without a citation": (_rule("evil", source=""), "uncited"),
    }
    return cases + [
        Case(43, what, "documents", sent({"evil.md": f"# Evil\n{text}"}), 3, code)
        for what, (text, code) in evil.items()
    ]


RECORD_ROWS: tuple[Case, ...] = (
    *_values(),
    *_whose(),
    *_not_evidence(),
    *_prefetched(),
    *_references(),
    *_servers(),
    *_texts(),
    *_tokens(),
    Case(39, "another tenant's decision", "v1", _elsewhere, 404, "unknown-decision"),
    *_calls(),
    Case(41, "the same key and body", "v1", _recorded(_same), 200),
    Case(41, "the same key and another body", "v1", _recorded(_other_body), 409, "key-used"),
    Case(41, "a hundred at once", "v1", _recorded(_hundred), 200),
    Case(42, "one broken line in 10,000", "batch", _ten_thousand, 1, "not-json"),
    *_hostile(),
)
