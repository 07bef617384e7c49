"""Every door that takes input, knocked at in one way: what is sent, and in one shape what is answered."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from tests.contract.cds_hooks.charts import service
from tests.contract.doors import DECISIONS, JSON, run
from tests.contract.fhir.asking import APPLY

CDS = service("patient-view")
FHIR_JSON = {"content-type": "application/fhir+json"}
ROUTES = {"v1": (DECISIONS, JSON), "cds": (CDS, JSON), "fhir": (APPLY, FHIR_JSON)}
"""The HTTP doors that take a body: where it is posted, and as what."""

_PROBLEM = re.compile(r"^([a-z0-9-]+): (.+?): ", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """What a door answered."""

    status: int
    """Status code of HTTP; exit code of a command."""
    codes: tuple[str, ...]
    """Our own codes of the problems that were told; empty for an answer."""
    words: str
    """Everything the client can read."""
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """One way of sending a row of the table, and what must be answered."""

    row: int
    what: str
    door: str
    send: Callable[[Doors], Seen]
    status: int
    code: str = ""
    """Must be among the codes that are told; empty: an answer, and no error."""

    def __str__(self) -> str:
        return f"row {self.row:02}: {self.what}, {self.door}"


def seen(response: Any) -> Seen:
    """Return *response* in that shape; an error must be told in ours, or as an OperationOutcome, and not otherwise."""
    codes: tuple[str, ...] = ()
    if response.status_code >= 400:
        body = response.json()
        if body.get("resourceType") == "OperationOutcome":
            told = [issue["details"]["coding"][0]["code"] for issue in body["issue"]]
        else:
            assert body.keys() == {"code", "message", "help", "where", "problems"}
            told = [problem["code"] for problem in body["problems"]]
        codes = tuple(told)
    words = f"{response.headers!r} {response.text}"
    return Seen(response.status_code, codes, words, dict(response.headers))


@dataclass(frozen=True)
class Doors:
    """The doors of one service, and a folder for what the command reads and writes."""

    client: TestClient
    folder: Path
    shared: Path
    """A folder that outlives the row."""

    def post(self, door: str, body: bytes, headers: Mapping[str, str] | None = None) -> Seen:
        """Post *body* to one of the HTTP doors; *headers* stand instead of its usual ones."""
        path, usual = ROUTES[door]
        told = usual if headers is None else headers
        return seen(self.client.post(path, content=body, headers=dict(told)))

    def ask(self, method: str, path: str, **more: Any) -> Seen:
        return seen(self.client.request(method, path, **more))

    def stream(
        self, door: str, headers: Mapping[str, str], pieces: list[bytes]
    ) -> tuple[Seen, int]:
        """Post *pieces* of a body without end, below the HTTP client; tell how many of them were taken."""
        path, usual = ROUTES[door]
        return asyncio.run(_stream(self.client.app, path, {**usual, **headers}, pieces))

    def command(self, body: bytes, *words: str) -> Seen:
        """Give *body* to the command `decide`."""
        found = run("decide", "-", "--format", "json", *words, stdin=body)
        return Seen(found.code, tuple(code for code, _ in found.problems), found.words, {})

    def batch(self, *lines: bytes, good: tuple[Any, ...] = ()) -> Seen:
        """Run the batch over a folder with *good* resources, and with *lines* as they are."""
        folder = self.folder / "bulk"
        folder.mkdir()
        for at, resource in enumerate(good):
            (folder / f"{resource['resourceType']}.{at:03}.ndjson").write_text(json.dumps(resource))
        (folder / "Condition.ndjson").write_bytes(b"\n".join(lines) + b"\n")
        out, errors = self.folder / "out.ndjson", self.folder / "errors.ndjson"
        words = ("--out", str(out), "--errors", str(errors), "--on", "2026-03-01")
        found = run("batch", str(folder), *words)
        faults = [json.loads(line)["issue"][0] for line in errors.read_text().splitlines()]
        codes = tuple(each["details"]["coding"][0]["code"] for each in faults)
        return Seen(found.code, codes, found.words + errors.read_text(), {})

    def documents(self, files: Mapping[str, str]) -> Seen:
        """Give a folder of pathway documents to the command `diff`."""
        folder = self.folder / "documents"
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        found = run("diff", str(folder), str(folder))
        codes = tuple(code for code, _ in _PROBLEM.findall(found.words))
        return Seen(found.code, codes, found.words, {})


async def _stream(
    app: Any, path: str, headers: Mapping[str, str], pieces: list[bytes]
) -> tuple[Seen, int]:
    sent: list[dict[str, Any]] = []
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        if taken == len(pieces):
            await asyncio.sleep(60)
        taken += 1
        return {"type": "http.request", "body": pieces[taken - 1], "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = {"host": "127.0.0.1", **headers}
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in given.items()], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    await app(scope, receive, send)
    return seen(_Sent(sent)), taken


class _Sent:
    """An answer as the server would have sent it."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status_code = messages[0]["status"]
        self.headers = {k.decode(): v.decode() for k, v in messages[0]["headers"]}
        self.text = b"".join(each.get("body", b"") for each in messages[1:]).decode()

    def json(self) -> Any:
        return json.loads(self.text)
