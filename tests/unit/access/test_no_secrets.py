"""Nothing that is delivered holds a secret: no key, no token, no password typed into a file."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from api.access.keys import KEY, drawn

ROOT = Path(__file__).parents[3]
ROOMS = ("api", "pathways", "rules", "schemas", ".ci")
PATTERNS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an API key of ours": re.compile(rb"(?<![\w.-])" + KEY.pattern.encode() + rb"(?![\w.-])"),
    "a signed token": re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    "a password in an address": re.compile(rb"[a-z][a-z0-9+.-]*://[^\s/:@\"'`<>{}]+:[^\s/:@\"'`<>{}]+@"),
    "a value typed beside its name": re.compile(
        rb"(?i)\b[\w-]*(?:password|passwd|secret|api_?key|token)\s*[:=]\s*[\"'][^\"'\s{}<>]{12,}[\"']"
    ),
}  # fmt: skip


def delivered() -> list[Path]:
    found = [each for room in ROOMS for each in (ROOT / room).rglob("*") if each.is_file()]
    found += [each for each in ROOT.iterdir() if each.is_file() and each.name != ".coverage"]
    return [each for each in found if "__pycache__" not in each.parts]


def secrets_in(data: bytes) -> list[str]:
    return [kind for kind, pattern in PATTERNS.items() if pattern.search(data)]


@pytest.mark.hazard("H-70")
def test_no_file_that_is_delivered_holds_a_secret() -> None:
    files = delivered()
    found = {str(each.relative_to(ROOT)): secrets_in(each.read_bytes()) for each in files}

    assert len(files) > 300
    assert {name: kinds for name, kinds in found.items() if kinds} == {}
    assert [
        each.name for each in files if each.suffix in (".pem", ".key", ".p12", ".sqlite3")
    ] == []


def part(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


PLANTED = {
    "a private key": "-----BEGIN EC " + "PRIVATE KEY-----\nMHcCAQ",
    "an API key of ours": f"export KEY={drawn('x', '', ('decide',), 0, 1)[1]}\n",
    "a signed token": f"Bearer {part({'alg': 'ES384'})}.{part({'iss': 'somebody'})}.{'c2ln' * 5}",
    "a password in an address": "postgresql://user:" + "hunter2hunter2@host/base",
    "a value typed beside its name": 'LOG_SECRET = "' + 'kq3V8cXw0ZbT5nYr"',
}


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_secret_of_each_kind_would_be_found(kind: str) -> None:
    assert kind in secrets_in(f"some words\n{PLANTED[kind]}\nand more".encode())
