"""Two doors made comparable: the same bytes go in by HTTP and by the command, and what each says is kept whole."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from api import cli

DECISIONS = "/v1/pathways/fbss/decisions"
JSON = {"content-type": "application/json"}
CANARY = "zqcanary"
"""Stands for the patient's name: put into keys and values, it may come back from nowhere."""
CANARY_NUMBER = "86420975"

_PROBLEM = re.compile(r"^([a-z0-9-]+): (.+?): ", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What a door said."""

    code: int
    """Status code, or exit code."""
    problems: tuple[tuple[str, str], ...]
    """Code and place of each problem named."""
    words: str
    """Everything the client can read: headers and body, or standard output and standard error."""


def knock(client: TestClient, body: bytes, headers: Mapping[str, str] = JSON) -> Answer:
    """Send *body* to the decision route."""
    response = client.post(DECISIONS, content=body, headers=dict(headers))
    named = () if response.status_code == 200 else response.json()["problems"]
    return Answer(
        response.status_code,
        tuple((problem["code"], problem["where"]) for problem in named),
        f"{response.headers!r} {response.text}",
    )


def run(*words: str, stdin: bytes = b"") -> Answer:
    """Run the command inside this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["steppedcare", *words])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as left:
            cli.main()
    # A service that another test has open writes its journal to the same place meanwhile, a JSON object a line.
    said = [line for line in err.getvalue().splitlines(True) if not line.startswith('{"at": ')]
    found = tuple(match.groups() for match in _PROBLEM.finditer("".join(said)))
    code = left.value.code or 0
    assert isinstance(code, int)
    return Answer(code, found if code else (), out.getvalue() + "".join(said))  # type: ignore[arg-type]


def hostile(value: object) -> Iterator[object]:
    """Yield *value* with the canary as an extra key and as a value, at each place in turn."""
    if isinstance(value, dict):
        yield {**value, f"{CANARY}-key": f"{CANARY} value"}
        for key, item in value.items():
            yield {**value, key: f"{CANARY} value"}
            for changed in hostile(item):
                yield {**value, key: changed}
    elif isinstance(value, list):
        yield [*value, f"{CANARY} value"]
        for at, item in enumerate(value):
            for changed in hostile(item):
                yield [*value[:at], changed, *value[at + 1 :]]


def as_bytes(value: object) -> bytes:
    return json.dumps(value).encode()
