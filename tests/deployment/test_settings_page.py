"""The reference of settings is read off the models, holds all of them, and is the one that is shipped."""

from __future__ import annotations

import ast
import re
from importlib import resources
from pathlib import Path

import pytest

import api
import api.deployment
from api.deployment import settings_page
from api.deployment.settings_page import settings_text, tables, variables
from api.settings import read_settings
from schemas.errors import SettingsError
from tests.contract.doors import run

ROOM = Path(str(resources.files(api)))


def named_in_the_code() -> set[str]:
    """Return every variable of ours that stands as a whole text in the code of the doors."""
    found = set()
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"^STEPPEDCARE_[A-Z_]*[A-Z]$", node.value))
    return found


def test_every_variable_the_service_asks_for_stands_in_the_reference_once() -> None:
    listed = [entry.name for entry in tables()[0].entries]

    assert sorted(listed) == sorted(variables())


def test_every_variable_that_the_code_names_stands_in_the_reference() -> None:
    listed = {entry.name for entry in tables()[0].entries}

    assert named_in_the_code() - listed == set()


def test_every_setting_says_what_it_is_for() -> None:
    silent = [entry.name for table in tables() for entry in table.entries if not entry.meaning]

    assert silent == []


def test_the_shipped_page_is_the_one_the_models_give() -> None:
    shipped = resources.files(api.deployment).joinpath("settings.md").read_text(encoding="utf-8")

    assert shipped == settings_page.settings_page(), (
        "run `steppedcare settings --markdown > api/deployment/settings.md`"
    )


def test_a_variable_that_no_field_explains_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = variables() | {"STEPPEDCARE_NEW"}
    monkeypatch.setattr(settings_page, "variables", lambda: asked)

    with pytest.raises(LookupError, match="STEPPEDCARE_NEW"):
        tables()


def test_two_fields_that_claim_one_variable_stop_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_page, "NOT_SET_BY_A_SITE", set())

    with pytest.raises(LookupError, match="STEPPEDCARE_WAIT_SECONDS"):
        tables()


def test_the_limits_in_the_reference_are_those_that_are_kept() -> None:
    checked = 0
    for entry in tables()[0].entries:
        if found := re.search(r" to ([0-9]+)$", entry.kind):
            over = str(int(found[1]) + 1)
            with pytest.raises(SettingsError):
                read_settings({entry.name: over})
            read_settings({entry.name: found[1]})
            checked += 1

    assert checked >= 5


def test_the_command_prints_every_setting_and_how_many_there_are() -> None:
    answer = run("settings")
    names = [entry.name for table in tables() for entry in table.entries]

    assert answer.code == 0
    assert all(f"  {name}  (" in answer.words for name in names)
    assert answer.words.rstrip().endswith(f"{len(names)} settings")
    assert settings_text()


@pytest.mark.hazard("H-70")
def test_the_check_refuses_what_the_service_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("settings", "--check").code == 0

    monkeypatch.setenv("STEPPEDCARE_RECORD", "full")
    monkeypatch.setenv("STEPPEDCARE_LOG_KEY", "secret" * 10)
    weak = run("settings", "--check")

    assert (weak.code, weak.problems[0][0]) == (2, "weak-log-key")
    assert "secretsecret" not in weak.words


@pytest.mark.hazard("H-70")
def test_no_setting_has_a_secret_as_its_default() -> None:
    secret = re.compile(r"key|secret|token|password", re.IGNORECASE)
    told = {
        entry.name: entry.usual
        for table in tables()
        for entry in table.entries
        if secret.search(entry.name)
    }

    assert told
    assert set(told.values()) <= {"none", "`keys.sqlite3`"}
