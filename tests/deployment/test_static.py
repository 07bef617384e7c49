"""Static checks of what is shipped: no code from documents, no secrets, no way round."""

from __future__ import annotations

import io
import json
import keyword
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rules.evaluator
from api.library import get_pathway
from rules.check import Checker
from rules.decide import Decider
from tests.conftest import ON
from tests.contract.doors import run

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "pathways", "rules", "api")
LOOKED_AT = {
    ("api/page/render.py", "S704"): "what is marked as safe is escaped in the same line",
    ("rules/evaluator.py", "S102"): "runs what is written from a condition; the next test looks at what that is",
    ("pathways/yaml_text.py", "S506"): "its loader makes plain data only; tests/unit/pathways/test_yaml_text.py",
    ("api/access/keys.py", "S608"): "joined from names in the code; values go as parameters",
    ("api/cds_hooks/state.py", "S608"): "joined from names in the code; values go as parameters",
}  # fmt: skip
"""Findings somebody has looked at, and why they stand."""
NOT_HERE = {"S101", "S105", "S110"}
"""`assert`, a variable called `token`, and an exception that means `not supplied`."""


@pytest.mark.hazard("H-69")
@pytest.mark.hazard("H-72")
def test_a_check_for_dangerous_code_finds_only_what_was_looked_at() -> None:
    ruff = Path(sys.executable).with_name("ruff")
    alone = ["check", "--isolated", "--no-cache", "--target-version", "py311"]
    words = [*alone, "--select", "S", "--output-format", "json"]
    done = subprocess.run(
        [ruff, *words, *(str(ROOT / room) for room in ROOMS)], capture_output=True, text=True, check=False
    )  # fmt: skip

    found = {
        (Path(each["filename"]).relative_to(ROOT).as_posix(), each["code"])
        for each in json.loads(done.stdout)
    }

    assert ("rules/evaluator.py", "S102") in found
    assert {each for each in found if each[1] not in NOT_HERE} - LOOKED_AT.keys() == set()


@pytest.mark.slow
@pytest.mark.hazard("H-72")
def test_no_word_of_a_document_gets_into_what_is_compiled(
    monkeypatch: pytest.MonkeyPatch, checker: Checker
) -> None:
    """Code could only come in as a name or in a text: names are our own, and texts plain words."""
    written: list[str] = []

    def spied(source: str, *more: Any) -> Any:
        written.append(source)
        return compile(source, *more)

    monkeypatch.setattr(rules.evaluator, "compile", spied, raising=False)
    Decider(get_pathway("fbss"), "test").decide(checker.check({"facts": {}}, ON))

    assert len(written) > 1
    assert sum(map(len, written)) > 10_000
    tokens = [
        token
        for source in written
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
    ]
    texts = {token.string for token in tokens if token.type == tokenize.STRING}
    assert {text for text in texts if not re.fullmatch(r"'[a-z0-9-]+'", text)} == set()
    names = {
        t.string for t in tokens if t.type == tokenize.NAME and not keyword.iskeyword(t.string)
    }
    assert {
        name for name in names if not re.fullmatch(r"[a-z]{1,3}[0-9]*|run|get|within", name)
    } == set()


def shipped() -> Iterator[Path]:
    """Yield every file of text a site gets."""
    for top in (*ROOMS, ".ci"):
        for file in (ROOT / top).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file
    for name in ("Makefile", "pyproject.toml", "README.md", "CHANGELOG.md"):
        yield ROOT / name


SECRETS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\b(?:ghp|gho|glpat|xox[abp])[_-][A-Za-z0-9_-]{16,}",
    r"(?i)(?:password|secret|api_key|log_key)\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{12,}[\"']",
    r"(?i)postgres(?:ql)?://[^\s:/@]+:[^\s@{<]+@",
)


@pytest.mark.hazard("H-70")
def test_nothing_that_is_shipped_holds_a_secret() -> None:
    found = [
        (file.relative_to(ROOT).as_posix(), pattern)
        for file in shipped()
        for pattern in SECRETS
        if re.search(pattern, file.read_text(encoding="utf-8", errors="ignore"))
    ]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN EC PRIVATE KEY-----",
        'PASSWORD = "correcthorsebattery"',
        "postgresql://user:hunter2@host/database",
        f"eyJ{'a' * 30}.{'b' * 30}",
    ],
)
def test_the_search_for_secrets_would_find_one(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in SECRETS)


WEAK = ["", "short", "a" * 64, "password" * 8, "0123456789" * 1, "changeme" * 8, " " * 64]


@pytest.mark.hazard("H-70")
@pytest.mark.parametrize("key", WEAK, ids=lambda key: f"{len(key)} times {key[:1] or 'nothing'}")
def test_a_service_with_a_weak_key_does_not_start(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPPEDCARE_RECORD", "full")
    monkeypatch.setenv("STEPPEDCARE_LOG_KEY", key)

    answer = run("serve", "--port", "1")

    assert answer.code == 2
    assert answer.problems[0][0] in ("weak-log-key", "no-log-key")
    assert not key.strip() or key not in answer.words


@pytest.mark.hazard("H-70")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_service_whose_key_others_can_read_does_not_start(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "log.key"
    file.write_text("kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM")
    file.chmod(mode)
    monkeypatch.setenv("STEPPEDCARE_RECORD", "full")
    monkeypatch.setenv("STEPPEDCARE_LOG_KEY_FILE", str(file))

    answer = run("serve", "--port", "1")

    assert (answer.code, answer.problems[0][0]) == (2, "key-open-to-others")
