"""The table of bad input: what is sent, and what every door must answer to it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contract.doors import CANARY, CANARY_NUMBER

_SOURCE = f'"smoker": {{"value": false, "source": "{CANARY} clinic"}}'
"""One good fact, first in every row, whose source carries the canary."""


@dataclass(frozen=True)
class Row:
    """One bad input. The status is that of HTTP; the command always exits with 2."""

    name: str
    body: bytes
    status: int
    code: str
    where: str


def patient(facts: str = "", rest: str = "") -> bytes:
    """Return an input with *facts* after the good one, and *rest* after `facts`, as literally written."""
    inner = f"{_SOURCE}, {facts}" if facts else _SOURCE
    outer = f", {rest}" if rest else ""
    return f'{{"facts": {{{inner}}}{outer}}}'.encode()


def _whole(name: str, body: bytes, code: str, status: int = 422) -> Row:
    return Row(name, body, status, code, "$")


def _coded(name: str, body: bytes) -> Row:
    return Row(name, body, 400, "not-utf-8", "$")


def _unread(name: str, body: bytes) -> Row:
    return Row(name, body, 400, "not-json", "line 1")


def _fact(name: str, fact: str, value: str, code: str = "wrong-type", field: str = "") -> Row:
    return Row(name, patient(f'"{fact}": {value}'), 422, code, f"facts.{fact}{field}")


def _unknown(name: str, facts: str = "", rest: str = "", where: str = "") -> Row:
    place = where or ("facts.[key 2]" if facts else "$.[key 2]")
    return Row(name, patient(facts, rest), 422, "unknown-field", place)


def _rest(name: str, rest: str, code: str, where: str) -> Row:
    return Row(name, patient(rest=f'{rest}, "on": "2026-03-01"'), 422, code, where)


def _row(list_: str, good: str, name: str, fields: str, code: str, field: str) -> Row:
    """Return a row whose bad *fields* stand in the one item of a list, after its *good* fields."""
    inner = ", ".join(part for part in (good, fields) if part)
    return _rest(name, f'"{list_}": [{{{inner}}}]', code, f"{list_}[0].{field}")


def _trial(name: str, fields: str, code: str, field: str) -> Row:
    return _row("trials", f'"treatment": "nsaid", "agent": "{CANARY}"', name, fields, code, field)


def _medicine(name: str, agent: str, fields: str, code: str, field: str) -> Row:
    return _row("medications", f'"agent": "{agent}"', name, fields, code, field)


def _surgery(name: str, fields: str, code: str, field: str) -> Row:
    return _row("surgeries", f'"level": "{CANARY}"', name, fields, code, field)


def _override(name: str, fields: str, code: str, field: str) -> Row:
    return _row("overrides", f'"treatment": "opioid", "who": "{CANARY}"', name, fields, code, field)


def _keys(count: int, prefix: str = CANARY) -> str:
    return ", ".join(f'"{prefix}{at}": 1' for at in range(count))


NUMBERS = (
    _whole("not a number", patient('"age": NaN'), "number-not-finite"),
    _whole("infinity", patient('"age": Infinity'), "number-not-finite"),
    _whole("minus infinity", patient('"age": -Infinity'), "number-not-finite"),
    _whole("a number that overflows", patient('"age": 1e999'), "number-not-finite"),
    _whole("a number that underflows", patient('"age": 1e-999'), "number-not-finite"),
    _whole("an endless exponent", patient(f'"age": 1e{CANARY_NUMBER * 3}'), "number-not-finite"),
    _whole("zero, endless exponent", patient(f'"age": 0e{CANARY_NUMBER * 3}'), "number-not-finite"),
    _whole("40 digits", patient(f'"age": {CANARY_NUMBER * 5}'), "number-too-long"),
    _whole("5,000 digits", patient(f'"age": {CANARY_NUMBER * 625}'), "number-too-long"),
    _whole("40 decimals", patient(f'"inr": 1.{CANARY_NUMBER * 5}'), "number-too-long"),
    _fact("7.0 for a whole number", "age", "7.0"),
    _fact("7e0 for a whole number", "age", "7e0"),
    _fact("a number in quotes for a whole number", "age", '"7"'),
    _fact("true for 1", "weakness_mrc", "true"),
    _fact("a number in quotes for a decimal number", "pain_duration_months", '"7"'),
    _fact("true for a decimal number", "pain_duration_months", "true"),
    _fact("1 for true", "pain_now", "1"),
    _fact("true in quotes", "pain_now", '"true"'),
    _fact("yes", "pain_now", '"yes"'),
    _fact("a list for a fact", "age", f'["{CANARY}"]'),
    _fact("a text for a whole number", "age", f'"{CANARY}"'),
    _fact("an object inside a value", "age", f'{{"value": {{"value": "{CANARY}"}}}}'),
    _fact("an age below 0", "age", f"-{CANARY_NUMBER}", "out-of-range"),
    _fact("an age of 121", "age", "121", "out-of-range"),
    _fact("a pain of 11", "pain_leg_nrs", "11", "out-of-range"),
    _fact("a pain of -1", "pain_leg_nrs", "-1", "out-of-range"),
    _fact("a pain on the wrong scale", "pain_back_nrs", CANARY_NUMBER, "out-of-range"),
    _fact("a muscle grade of 6", "weakness_mrc", "6", "out-of-range"),
    _fact("a temperature in Fahrenheit", "temperature_c", "98.6", "out-of-range"),
    _fact("30 digits", "pain_duration_months", "9" * 30, "out-of-range"),
    _fact("more decimals than are measured", "inr", f"1.{CANARY_NUMBER}", "out-of-range"),
    _fact("a word that is no choice", "sex", f'"{CANARY}"', "not-a-choice"),
    _fact("a choice in capitals", "sex", '"FEMALE"', "not-a-choice"),
    _fact("a list for a choice", "sex", f'["{CANARY}"]', "not-a-choice"),
    _fact("true for a sign that asks for its onset", "leg_weakness", "true", "not-a-choice"),
)

_BELL = '"lifts": "not-yet", "when": "2026-03-01", "why": "ten letters and \\u0007"'

TEXTS = (
    _whole("half a character, escaped", patient('"sex": "\\ud800"'), "text-not-unicode"),
    _whole("half a character in a key", patient('"\\udfff": 1'), "text-not-unicode"),
    _coded("half a character, raw", patient().replace(b"clinic", b"\xed\xa0\x80")),
    _coded("bytes that are not UTF-8", patient().replace(b"clinic", b"\xff")),
    _coded("an overlong slash", patient().replace(b"clinic", b"\xc0\xaf")),
    _coded("a byte-order mark", b"\xef\xbb\xbf" + patient()),
    _coded("UTF-16 with its mark", patient().decode().encode("utf-16")),
    _coded("UTF-16 without a mark, little end first", patient().decode().encode("utf-16-le")),
    _coded("UTF-16 without a mark, big end first", patient().decode().encode("utf-16-be")),
    _coded("UTF-32", patient().decode().encode("utf-32")),
    _whole("a text of 4,001 letters", patient(f'"sex": "{"a" * 4001}"'), "text-too-long"),
    _whole("a key of 4,001 letters", patient(f'"{"a" * 4001}": 1'), "text-too-long"),
    _medicine("a NUL in a name", f"{CANARY}\\u0000", "", "text-not-allowed", "agent"),
    _medicine("an escape in a name", f"{CANARY}\\u001b[2J", "", "text-not-allowed", "agent"),
    _medicine("mark-up in a name", f"<b>{CANARY}", "", "text-not-allowed", "agent"),
    _medicine("an endless name", CANARY * 11, "", "text-too-long", "agent"),
    _medicine("an empty name", "", "", "text-too-short", "agent"),
    _override("a bell in a reason", _BELL, "text-not-allowed", "why"),
    _fact("a long source", "age", f'{{"source": "{CANARY * 26}"}}', "text-too-long", ".source"),
)

_MANY = ", ".join(f"{{{_keys(201, 'k')}}}" for _ in range(100))
_IN_FACT = f'"age": {{"value": 50, "{CANARY}": 1}}'
_SECOND = f'"medications": [{{"agent": "{CANARY}"}}, {{"{CANARY}": 1, "agent": "x"}}]'

KEYS = (
    _whole("a fact twice", patient('"pain_now": true, "pain_now": false'), "duplicate-key"),
    _whole("one escaped", patient('"pain_now": true, "p\\u0061in_now": false'), "duplicate-key"),
    _whole("facts twice", patient(rest='"facts": {}'), "duplicate-key"),
    _whole("twice, deep inside", patient('"age": {"value": 5, "value": 50}'), "duplicate-key"),
    _whole("2,001 keys", patient(_keys(2000)), "too-many-keys"),
    _whole("20,100 keys in 100 objects", patient(rest=f'"trials": [{_MANY}]'), "too-many-keys"),
    _whole("100,000 keys", patient(_keys(100_000)), "too-large", 413),
    _unknown("a field nobody knows", f'"{CANARY}": "{CANARY}"'),
    _unknown("a field nobody knows beside facts", rest=f'"{CANARY}": 1'),
    _unknown("a field nobody knows in a fact", _IN_FACT, where="facts.age.[key 2]"),
    _unknown("a field nobody knows in a row", rest=_SECOND, where="medications[1].[key 1]"),
    _trial("a field nobody knows in a trial", f'"{CANARY}": 1', "unknown-field", "[key 3]"),
    _surgery("a field nobody knows in an operation", '"sid": 1', "unknown-field", "[key 2]"),
    _override("a field nobody knows in an override", '"$s": 1', "unknown-field", "[key 3]"),
    _unknown("a fact in other case", '"Age": 50'),
    _unknown("a fact in wide letters", '"\\uff41ge": 50'),
    _unknown("a fact with a zero-width space", '"age\\u200b": 50'),
    _unknown("a derived fact stated outright", '"tried_nsaid": "failed"'),
    *(
        _unknown(f"the key {key} among the facts", f'"{key}": "{CANARY}"')
        for key in ("sid", "id", "$s", "__class__", "constructor", "__proto__")
    ),
    *(
        _unknown(f"the key {key} beside the facts", rest=f'"{key}": "{CANARY}"')
        for key in ("sid", "id", "$s", "__class__")
    ),
)

_1001 = ", ".join([f'"{CANARY}"'] * 1001)
_BOTH = '{"value": 50, "unknown": "not-asked"}'
_SAID = f'"when": "2026-03-01", "why": "{CANARY} said so"'
_BRIEF = '"lifts": "not-yet", "when": "2026-03-01", "why": "ok"'
_NOBODY = f'{{"treatment": "opioid", "lifts": "not-yet", {_SAID}}}'

SHAPES = (
    _whole("33 deep", b"[" * 33 + f'"{CANARY}"'.encode() + b"]" * 33, "too-deep"),
    _whole("500 deep in a fact", patient(f'"age": {"[" * 500}{"]" * 500}'), "too-deep"),
    _whole("100,000 deep", b"[" * 100_000, "too-deep"),
    _whole("objects 40,000 deep", b'{"a":' * 40_000, "too-deep"),
    _whole("more than 256 KiB", patient(f'"sex": "{"a" * 262_144}"'), "too-large", 413),
    _whole("a list of 1,001", patient(rest=f'"trials": [{_1001}]'), "too-many-items"),
    _unread("cut short", patient()[:-1]),
    _unread("text behind the document", patient() + CANARY.encode()),
    _unread("two documents", patient() + b" " + patient()),
    _unread("a trailing comma", patient()[:-1] + b",}"),
    _unread("a comment", patient()[:-1] + f"/* {CANARY} */}}".encode()),
    _unread("single quotes", patient().replace(b'"', b"'")),
    _unread("a leading zero", patient('"age": 07')),
    _unread("a leading plus", patient('"age": +7')),
    _unread("a point without digits", patient('"age": 7.')),
    _unread("a hexadecimal number", patient('"age": 0x7')),
    _unread("a key without quotes", patient("age: 7")),
    _unread("a bare word", patient(f'"age": {CANARY}')),
    _unread("a newline inside a text", patient().replace(b"clinic", b"cl\ninic")),
    _unread("a NUL inside a text", patient().replace(b"clinic", b"cl\0inic")),
    _unread("nothing", b""),
    _unread("blanks", b"  "),
    _whole("a list at the top", f'["{CANARY}"]'.encode(), "wrong-type"),
    _whole("a text at the top", f'"{CANARY}"'.encode(), "wrong-type"),
    _whole("a number at the top", CANARY_NUMBER.encode(), "wrong-type"),
    _whole("null at the top", b"null", "wrong-type"),
    Row("no facts", f'{{"settings": "{CANARY}"}}'.encode(), 422, "missing-field", "facts"),
    Row("null for facts", b'{"facts": null}', 422, "wrong-type", "facts"),
    Row("a list for facts", f'{{"facts": ["{CANARY}"]}}'.encode(), 422, "wrong-type", "facts"),
    _fact("a value and a reason for having none", "age", _BOTH, "contradiction"),
    _fact("no such reason", "age", f'{{"unknown": "{CANARY}"}}', "not-a-choice", ".unknown"),
    _rest("an object for a list", f'"trials": {{"agent": "{CANARY}"}}', "wrong-type", "trials"),
    _rest("a text in a list", f'"trials": ["{CANARY}"]', "wrong-type", "trials[0]"),
    _rest("null in a list", '"medications": [null]', "wrong-type", "medications[0]"),
    _row("trials", "", "a trial of nothing", '"side": "left"', "missing-field", "treatment"),
    _row("trials", "", "no such care", f'"treatment": "{CANARY}"', "not-a-choice", "treatment"),
    _trial("weeks in quotes", '"weeks": "4"', "wrong-type", "weeks"),
    _trial("true for weeks", '"weeks": true', "wrong-type", "weeks"),
    _trial("weeks below 0", f'"weeks": -{CANARY_NUMBER}', "out-of-range", "weeks"),
    _trial("4.0 sessions", '"sessions": 4.0', "wrong-type", "sessions"),
    _trial("relief of 101 per cent", '"relief_percent": 101', "out-of-range", "relief_percent"),
    _trial("a text for true", f'"full_dose": "{CANARY}"', "wrong-type", "full_dose"),
    _medicine(
        "a dose in quotes", CANARY, '"dose_mg_per_day": "9"', "wrong-type", "dose_mg_per_day"
    ),
    _medicine("a dose below 0", CANARY, '"dose_mg_per_day": -1', "out-of-range", "dose_mg_per_day"),
    _surgery("an operation of no kind", f'"procedure": "{CANARY}"', "not-a-choice", "procedure"),
    _override("no reason", '"lifts": "not-yet", "when": "2026-03-01"', "missing-field", "why"),
    _override("a short reason", _BRIEF, "text-too-short", "why"),
    _override("a plain block to be lifted", f'"lifts": "block", {_SAID}', "not-a-choice", "lifts"),
    _rest("by nobody", f'"overrides": [{_NOBODY}]', "missing-field", "overrides[0].who"),
    _rest("settings nobody has", f'"settings": "{CANARY}"', "unknown-profile", "settings"),
    _rest("settings in a list", f'"settings": ["{CANARY}"]', "unknown-profile", "settings"),
)

_ON = (
    "2026-02-30", "2026-2-3", "0000-00-00", "9999-12-31", "2026-06-31T24:00:00Z", "2026-03-01T00:00:00+15:00",
    "2026-W10-7", "2026-060", "20260301", "2026", "2026-03", "today", "", "\uff12\uff10\uff12\uff16-03-01",
)  # fmt: skip
_DATES = ("2026-02-30", "2026-2-3", "2026-13", "0000", "20", "2026-W10-7", "2016-12-31T23:59:60Z")
_TOMORROW = '{"value": 50, "date": "2199"}'
_BACKWARDS = '"started": "2026-02", "ended": "2026-01-31"'
_STOPPED = '"started": "2025", "stopped": "2024-12-31"'
_AHEAD = f'"lifts": "not-yet", "when": "2026-03-02", "why": "{CANARY} said so"'
_PLANNED = '"procedure": "fusion", "date": "2026-03-02"'
_BORN = patient('"age": 20, "pain_duration_months": 253')

DATES = (
    *(
        Row(f"asked on {day or 'no day'}", patient(rest=f'"on": "{day}"'), 422, "not-a-date", "on")
        for day in _ON
    ),
    Row("asked on a number", patient(rest='"on": 20260301'), 422, "not-a-date", "on"),
    *(_fact(f"imaged on {day}", "lumbar_imaging", f'"{day}"', "not-a-date") for day in _DATES),
    _fact("imaged on a number", "lumbar_imaging", "2026", "not-a-date"),
    _fact("no date of a fact", "age", f'{{"date": "{CANARY}"}}', "not-a-date", ".date"),
    _fact("a fact known tomorrow", "age", _TOMORROW, "in-the-future", ".date"),
    _surgery("no date", f'"procedure": "fusion", "date": "{CANARY}"', "not-a-date", "date"),
    _surgery("an operation in the future", _PLANNED, "in-the-future", "date"),
    _trial("a trial that starts in the future", '"started": "2026-04"', "in-the-future", "started"),
    _trial("a trial that ends in the future", '"ended": "2027"', "in-the-future", "ended"),
    _trial("a trial that ends before it starts", _BACKWARDS, "contradiction", "ended"),
    _medicine("stopped before started", CANARY, _STOPPED, "contradiction", "stopped"),
    _override("an override in the future", _AHEAD, "in-the-future", "when"),
    Row("pain before birth", _BORN, 422, "contradiction", "facts.pain_duration_months"),
)

ROWS = (*NUMBERS, *TEXTS, *KEYS, *SHAPES, *DATES)

_REASON = "=HYPERLINK(1)<script>x</script>[a](javascript:b)\\nURGENCY   U3"
_SCRIPT = (
    f'"treatment": "opioid", "lifts": "not-yet", "who": "x", "when": "2026", "why": "{_REASON}"'
)

GOOD = {
    "nothing known": b'{"facts": {}}',
    "a decimal number written with a point": patient('"pain_duration_months": 7.0'),
    "a decimal number written without": patient('"pain_duration_months": 7'),
    "minus zero": patient('"age": -0'),
    "a year and a month for a day": patient('"lumbar_imaging": "2025-11"'),
    "a year for a day": patient(rest='"surgeries": [{"procedure": "fusion", "date": "2020"}]'),
    "a month still running": patient('"age": {"date": "2026-03"}', '"on": "2026-03-01"'),
    "null for every list": patient(rest='"trials": null, "medications": null, "overrides": null'),
    "null for a fact": patient('"age": null'),
    "an entry that says nothing": patient('"age": {}'),
    "a reason for not knowing": patient('"age": {"unknown": "unavailable"}'),
    "a text of escapes": patient('"age": {"value": 50, "source": "\\u002f\\ud83d\\ude00"}'),
    "mark-up in a reason": patient(rest=f'"overrides": [{{{_SCRIPT}}}], "on": "2026-03-01"'),
    "the other profile": patient(rest='"settings": "payer"'),
}
"""Unusual, and accepted."""
