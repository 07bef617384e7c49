"""The 43 rows of the bad-input table: what is sent, through which door, and what that door must answer.

Rows 21, 22 and 25 are about bytes on a connection; they stand in `test_bad_input_sockets.py`, against a real server.
Rows 28 to 43 are about what a body means; they stand in `bad_input_records.py`.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

from tests.contract.bad_input import patient
from tests.contract.bad_input_doors import ROUTES, Case, Doors, Seen
from tests.contract.bad_input_records import RECORD_ROWS
from tests.contract.doors import CANARY
from tests.unit.fhir.charts import patient as record_patient


def _within(door: str, fragment: bytes) -> bytes:
    """Return a body of *door* in which *fragment*, JSON or not, stands as a value."""
    name = CANARY.encode()
    match door:
        case "v1" | "command":
            return b'{"facts": {"age": 50}, "trials": [{"agent": "%s", "weeks": %s}]}' % (
                name,
                fragment,
            )
        case "cds":
            return b'{"hook": "patient-view", "context": {"%s": %s}}' % (name, fragment)
        case "fhir":
            return b'{"resourceType": "Parameters", "%s": %s}' % (name, fragment)
        case _:
            return b'{"resourceType": "Condition", "%s": %s}' % (name, fragment)


DOORS = ("v1", "command", "cds", "fhir", "batch")


def _everywhere(
    row: int,
    what: str,
    code: str,
    body: Callable[[str], bytes],
    status: int = 422,
    doors: tuple[str, ...] = DOORS,
) -> list[Case]:
    """Return one case for each door; *status* is that of the JSON door.

    CDS Hooks and FHIR have 400 for what is 422 there; the command exits with 2, a batch with 1.
    """
    malformed = 400 if status == 422 else status
    statuses = {"cds": malformed, "fhir": malformed, "command": 2, "batch": 1}
    return [
        Case(row, what, door, _sender(door, body(door)), statuses.get(door, status), code)
        for door in doors
    ]


def _sender(door: str, body: bytes) -> Callable[[Doors], Seen]:
    if door == "command":
        return lambda doors: doors.command(body)
    if door == "batch":
        return lambda doors: doors.batch(body, good=(record_patient(),))
    return lambda doors: doors.post(door, body)


def _value(row: int, what: str, fragment: bytes, code: str, status: int = 422) -> list[Case]:
    return _everywhere(row, what, code, lambda door: _within(door, fragment), status)


def _whole(row: int, what: str, body: bytes, code: str, status: int) -> list[Case]:
    doors = tuple(each for each in DOORS if each != "batch" or b"\n" not in body)
    return _everywhere(row, what, code, lambda _: body, status, doors)


def _facts(row: int, what: str, facts: str, code: str = "", rest: str = "") -> list[Case]:
    """Return the cases of facts that are JSON and still not right; no *code*: they are."""
    body = patient(facts, rest)
    return [
        Case(row, what, "v1", _sender("v1", body), 422 if code else 200, code),
        Case(row, what, "command", _sender("command", body), 2 if code else 0, code),
    ]


def _reader_rows() -> list[Case]:
    cases: list[Case] = []
    for word in ("NaN", "Infinity", "-Infinity"):
        cases += _value(1, word, word.encode(), "number-not-finite")
    cases += _value(2, "1e999", b"1e999", "number-not-finite")
    cases += _value(3, "40 digits", b"8" * 40, "number-too-long")
    cases += _value(4, "5,000 digits", b"8" * 5000, "number-too-long")
    cases += _value(7, "a key twice", b'{"bladder": true, "bladder": false}', "duplicate-key")
    cases += _value(
        7,
        "a key twice, once escaped",
        b'{"bladder": true, "bl\\u0061dder": false}',
        "duplicate-key",
    )
    cases += _value(
        7, "a key twice, deep inside", b'[[{"a": [{"b": 1, "b": 2}]}]]', "duplicate-key"
    )
    cases += _value(9, "half a character, escaped", b'"\\ud800"', "text-not-unicode")
    cases += _value(9, "half a character in a key", b'{"\\udfff": 1}', "text-not-unicode")
    cases += _value(9, "half a character, raw", b'"\xed\xa0\x80"', "not-utf-8", 400)
    cases += _value(10, "bytes that are not UTF-8", b'"\xff"', "not-utf-8", 400)
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
        body = f'{{"facts": {{}}, "{CANARY}": 1}}'.encode(name)
        doors = DOORS if name == "utf-8-sig" else DOORS[:4]  # a line of 16 bits is no line
        cases += _everywhere(10, name, "not-utf-8", lambda _, body=body: body, 400, doors)  # type: ignore[misc]
    for deep in (33, 500, 40_000):
        cases += _value(12, f"{deep} deep", b"[" * deep + b"]" * deep, "too-deep")
    cases += _value(12, "100,000 deep and never closed", b"[" * 100_000, "too-deep")
    cases += _value(13, "2,001 keys", _keys(2001), "too-many-keys")
    cases += _everywhere(
        13, "100,000 keys", "too-many-keys", lambda d: _within(d, _keys(100_000)), 422, DOORS[2:]
    )
    cases += _everywhere(
        13, "100,000 keys", "too-large", lambda d: _within(d, _keys(100_000)), 413, DOORS[:2]
    )
    return cases + _not_json() + _top()


def _keys(count: int) -> bytes:
    return b"{" + b", ".join(b'"%s%d": 1' % (CANARY.encode(), at) for at in range(count)) + b"}"


def _not_json() -> list[Case]:
    good = b'{"facts": {}, "%s": 1}' % CANARY.encode()
    broken = {
        "cut short": good[:-1],
        "text behind": good + CANARY.encode(),
        "two documents": good + b" " + good,
        "a trailing comma": good[:-1] + b",}",
        "a comment": good[:-1] + b"/* x */}",
        "single quotes": good.replace(b'"', b"'"),
        "a leading zero": b'{"facts": {"age": 07}}',
    }
    cases = []
    for what, body in broken.items():
        cases += _whole(15, what, body, "not-json", 400)
    # An empty line of a batch is no line.
    cases += _everywhere(15, "nothing at all", "not-json", lambda _: b"", 400, DOORS[:4])
    return cases


def _top() -> list[Case]:
    cases: list[Case] = []
    for body in (b"[1]", b"7", b'"%s"' % CANARY.encode(), b"null"):
        what = f"{body.decode()} at the top".replace(CANARY, "text")
        cases += _everywhere(16, what, "wrong-type", lambda _, body=body: body, 422, DOORS[:3])  # type: ignore[misc]
        cases += [
            Case(16, what, "fhir", _sender("fhir", body), 400, "not-parameters"),
            Case(16, what, "batch", _sender("batch", body), 1, "not-a-resource"),
        ]
    return cases


def _fact_rows() -> list[Case]:
    cases: list[Case] = []
    for what, facts in {
        "7.0 for a whole number": '"age": 7.0',
        "7 in quotes": '"age": "7"',
        "true for 1": '"weakness_mrc": true',
    }.items():
        cases += _facts(5, what, facts, "wrong-type")
    cases += _facts(5, "7.0 in a decimal field", '"pain_duration_months": 7.0')
    for value in ('"true"', "1", '"yes"'):
        cases += _facts(6, f"{value} for true", f'"pain_now": {value}', "wrong-type")
    for what, key in {
        "another case": "Age",
        "wide letters": "\\uff41ge",
        "a zero-width space": "age\\u200b",
    }.items():
        cases += _facts(8, f"a key in {what}", f'"{key}": 50', "unknown-field")
    for what, letter in {
        "a NUL": "\\u0000",
        "a bell": "\\u0007",
        "an override of direction": "\\u202e",
        "a zero-width space": "\\u200b",
    }.items():
        rest = f'"medications": [{{"agent": "{CANARY}{letter}"}}]'
        cases += _facts(11, f"{what} in the name of a medicine", "", "text-not-allowed", rest)
        said = '"treatment": "opioid", "lifts": "not-yet", "who": "x", "when": "2026"'
        why = f'"overrides": [{{{said}, "why": "{CANARY} ten letters {letter}"}}]'
        cases += _facts(11, f"{what} in a reason", "", "text-not-allowed", why)
    cases += _facts(17, "a field nobody knows", f'"{CANARY}": 1', "unknown-field")
    cases += _facts(17, "one beside the facts", "", "unknown-field", f'"{CANARY}": 1')
    cases += _facts(18, "a patient's name as a key", f'"{CANARY} Miller": true', "unknown-field")
    for key in ("sid", "id", "$s", "__class__", "constructor"):
        cases += _facts(37, f"{key} as a fact", f'"{key}": "{CANARY}"', "unknown-field")
        cases += _facts(37, f"{key} as a field", "", "unknown-field", f'"{key}": "{CANARY}"')
    return cases + _ranges() + _dates()


def _ranges() -> list[Case]:
    cases: list[Case] = []
    for facts in ('"age": -1', '"age": 121', '"pain_leg_nrs": -1', '"pain_leg_nrs": 11'):
        cases += _facts(26, facts, facts, "out-of-range")
    for age in (0, 17):
        # A child is no mistake of the client: it is out of scope, and the red signs are still looked at.
        cases += _facts(26, f"an age of {age}", f'"age": {age}', rest='"on": "2026-03-01"')
    cases += _facts(
        26, "pain before birth", '"age": 20, "pain_duration_months": 253', "contradiction"
    )
    later = '"surgeries": [{"procedure": "fusion", "date": "2026-03-02"}], "on": "2026-03-01"'
    cases += _facts(26, "an operation in the future", "", "in-the-future", later)
    return cases


def _dates() -> list[Case]:
    cases: list[Case] = []
    for day in (
        "2026-02-30", "2026-2-3", "0000-00-00", "9999-12-31", "2026-06-31T24:00:00Z", "2016-12-31T23:59:60Z",
        "2026-03-01T00:00:00+15:00", "2026",
    ):  # fmt: skip
        cases += _facts(27, f"asked on {day}", "", "not-a-date", f'"on": "{day}"')
    for day in ("2026-02-30", "2026-2-3", "0000", "2026-06-31T24:00:00Z"):
        cases += _facts(27, f"an image of {day}", f'"lumbar_imaging": "{day}"', "not-a-date")
    for day in ("2025", "2025-11"):
        rest = '"on": "2026-03-01"'
        cases += _facts(27, f"an image of {day}", f'"lumbar_imaging": "{day}"', rest=rest)
    return cases


_OTHER_MEDIA = (
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
)


def _transport_rows() -> list[Case]:
    cases: list[Case] = []
    for door, (path, usual) in ROUTES.items():
        body = _within(door, b"1")
        for media in _OTHER_MEDIA:
            cases.append(_posted(19, media or "no media type", door, body, {"content-type": media}))
        for coding in ("gzip", "deflate", "br", "identity"):
            cases.append(
                _posted(20, f"coded {coding}", door, body, {**usual, "content-encoding": coding})
            )
        told = {**usual, "transfer-encoding": "gzip, chunked"}
        cases.append(_posted(20, "coded on the way", door, body, told))
        bomb = gzip.compress(b"0" * 20_000_000)
        cases.append(_posted(20, "a bomb", door, bomb, {**usual, "content-encoding": "gzip"}))
        # FHIR allows this operation to be asked for by GET; without a record that is a 412.
        for method in ("PUT", "DELETE", "TRACE", "OPTIONS", *(["GET"] if door != "fhir" else [])):
            cases.append(_method(method, path, door, "POST"))
    cases += [_method(m, "/v1/pathways", "v1", "GET") for m in ("POST", "TRACE", "OPTIONS")]
    for path in (
        "/v1/pathways/..", "/v1/pathways/%2e%2e/%2e%2e/etc/passwd", "//v1/pathways", "/v1\\pathways",
        "/v1/pathways/fbss%00/facts/x", "/fhir/%2e%2e/%2e%2e/etc/passwd", "/fhir//metadata",
        "/cds-services/%2e%2e/x", "/cds-services/x/%00", "/static/%2e%2e/render.py", f"/{CANARY}",
    ):  # fmt: skip
        cases.append(
            Case(24, path.replace(CANARY, "nowhere"), "http", _getter(path), 404, "not-found")
        )
    for path in ("/v1/pathways/fbss%00", "/v1/pathways/%c0%ae%c0%ae", f"/v1/pathways/{CANARY}"):
        what = path.replace(CANARY, "nobody")
        cases.append(Case(24, what, "v1", _getter(path), 404, "unknown-pathway"))
    return cases + _sizes()


def _posted(row: int, what: str, door: str, body: bytes, headers: dict[str, str]) -> Case:
    return Case(
        row, what, door, lambda doors: doors.post(door, body, headers), 415, "not-plain-json"
    )


def _method(method: str, path: str, door: str, allowed: str) -> Case:
    def send(doors: Doors) -> Seen:
        found = doors.ask(method, path)
        assert allowed in found.headers["allow"]
        return found

    return Case(23, f"{method} where {allowed} is right", door, send, 405, "method-not-allowed")


def _getter(path: str) -> Callable[[Doors], Seen]:
    return lambda doors: doors.ask("GET", path)


def _sizes() -> list[Case]:
    cases = [
        Case(14, "1 MiB of text", "v1", _sender("v1", _within("v1", _text(1 << 20))), 413, "too-large"),
        Case(14, "1 MiB of text", "command", _sender("command", _within("v1", _text(1 << 20))), 2, "too-large"),
        Case(14, "6 MiB in a line", "batch", _sender("batch", _within("batch", _text(6 << 20))), 1, "too-large"),
    ]  # fmt: skip
    for door in ROUTES:
        cases += [
            _refused_unread(door, "a declared terabyte", {"content-length": str(1 << 40)}, 0),
            _refused_unread(door, "100 MB declared", {"content-length": "100000000"}, 0),
            _refused_unread(door, "pieces without end", {}, 5 if door == "v1" else 81),
        ]
    return cases


def _text(length: int) -> bytes:
    return b'"%s"' % (b"a" * length)


def _refused_unread(door: str, what: str, headers: dict[str, str], taken: int) -> Case:
    def send(doors: Doors) -> Seen:
        found, read = doors.stream(door, headers, [b" " * 65_536] * 200)
        assert read <= taken
        return found

    return Case(14, what, door, send, 413, "too-large")


TABLE: tuple[Case, ...] = (*_reader_rows(), *_fact_rows(), *_transport_rows(), *RECORD_ROWS)
