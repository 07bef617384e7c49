"""What the pages tell an operator to type works when it is typed, and nothing is lost on the way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import api.deployment
from api.app import create_app
from api.cds_hooks.state import State
from api.deployment.log_step import step_report
from api.library import get_vignettes
from api.records.database import NEWEST
from api.settings import read_settings
from schemas.errors import InputError, NotFoundError
from tests.contract.doors import DECISIONS

PAGES = resources.files(api.deployment)
SECRET = "kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"
ID = "steppedcare-decision-id"


def typed(page: str, section: str) -> str:
    """Return the first block of indented lines under *section*."""
    text = PAGES.joinpath(page).read_text(encoding="utf-8")
    body = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found = re.search(r"\n\n((?:    .*\n)+)", body)
    assert found is not None
    return re.sub(r"^    ", "", found.group(1), flags=re.MULTILINE)


def environment(folder: Path) -> dict[str, str]:
    return {
        "STEPPEDCARE_RECORD": "full",
        "STEPPEDCARE_DATABASE": str(folder / "decisions.sqlite3"),
        "STEPPEDCARE_KEYS": str(folder / "keys.sqlite3"),
        "STEPPEDCARE_LOG_KEY": SECRET,
        "STATE_FILE": str(folder / "cds-hooks.sqlite"),
    }


def type_in(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    places = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120,
        check=False, env={"PATH": places, "LC_ALL": "C.UTF-8", **environment(folder)},
    )  # fmt: skip


class Site:
    """A service on the files of one folder, with one caller."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ""

    def make_key(self) -> None:
        scopes = "--scope decide --scope read-decisions --scope audit"
        done = type_in(f"steppedcare keys add --label ehr {scopes}", self.folder)
        self.key = done.stdout.splitlines()[0].strip()

    def __enter__(self) -> TestClient:
        told = {k: v for k, v in environment(self.folder).items() if k != "STATE_FILE"}
        self.app = create_app(read_settings(told))
        bearer = {"Authorization": f"Bearer {self.key}"}
        return TestClient(self.app, base_url="http://127.0.0.1", headers=bearer)

    def __exit__(self, *_: object) -> None:
        self.app.state.keeper.recorder.close()


def decide(client: TestClient, at: int) -> tuple[str, bytes]:
    """Have one built-in patient decided; return id and bytes of the answer."""
    patients: list[dict[str, Any]] = [each.input for each in get_vignettes("fbss")]
    answer = client.post(DECISIONS, json=patients[at])
    assert answer.status_code == 200, answer.text
    assert answer.headers["steppedcare-recorded"] == "full"
    return answer.headers[ID], answer.content


@pytest.mark.slow
@pytest.mark.hazard("H-54")
def test_everything_that_was_copied_as_the_page_says_is_there_again_after_all_was_lost(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.make_key()
    State(str(tmp_path / "cds-hooks.sqlite")).close()
    with site as client:
        kept = [decide(client, at) for at in range(5)]
        copied = type_in(typed("backup.md", "Keep a copy"), tmp_path)
        decide(client, 5)
    for file in tmp_path.glob("*.sqlite*"):
        file.unlink()

    back = type_in(typed("backup.md", "Put it back"), tmp_path)

    assert (copied.returncode, back.returncode) == (0, 0), copied.stderr + back.stderr
    assert "verified: 5 entries" in back.stdout
    assert "1 in force" in back.stdout
    assert (tmp_path / "cds-hooks.sqlite").exists()
    for file in (*tmp_path.glob("*.sqlite*"), *(tmp_path / "backup").iterdir()):
        assert file.stat().st_mode & 0o077 == 0, file.name
    with site as client:
        for id, answered in kept:
            again = client.post(f"/v1/decisions/{id}/replay", json={})
            assert again.status_code == 200, again.text
            assert again.json()["same"] is True
            assert answered


@pytest.mark.slow
@pytest.mark.hazard("H-54")
def test_an_older_copy_does_not_pass_for_the_newest(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.make_key()
    with site as client:
        decide(client, 0)
        assert type_in(typed("backup.md", "Keep a copy"), tmp_path).returncode == 0
        decide(client, 1)
    type_in("steppedcare log verify | tail -n 1 > backup/head.txt", tmp_path)

    back = type_in(typed("backup.md", "Put it back"), tmp_path)

    assert back.returncode == 1
    assert "NOT VERIFIED" in back.stdout


@pytest.mark.slow
@pytest.mark.hazard("H-50")
def test_a_step_back_and_on_again_changes_no_decision(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.make_key()
    with site as client:
        kept = [decide(client, at) for at in range(3)]
    commands = [
        line for line in typed("upgrade.md", "The way back").splitlines() if "log step" in line
    ]
    assert commands == ["steppedcare log step", "steppedcare log step --to 0001"]

    told = type_in(commands[0], tmp_path)
    back = type_in(commands[1], tmp_path)
    older = type_in("steppedcare log step; steppedcare log export | sha256sum", tmp_path)
    on = type_in(
        f"steppedcare log step --to {NEWEST}; steppedcare log export | sha256sum", tmp_path
    )

    assert told.stdout == f"the log is at step {NEWEST} of {NEWEST}\n"
    assert back.returncode == 0, back.stderr
    assert older.stdout.startswith(f"the log is at step 0001 of {NEWEST}\n")
    assert older.stdout.splitlines()[1] == on.stdout.splitlines()[1]
    with site as client:
        for id, _ in kept:
            assert client.post(f"/v1/decisions/{id}/replay", json={}).json()["same"] is True
    assert type_in("steppedcare log verify", tmp_path).returncode == 0


@pytest.mark.hazard("H-50")
@pytest.mark.parametrize("to", ["base", "0000", "9999", "1", "0001; DROP TABLE chain"])
def test_a_step_nobody_knows_or_that_would_remove_the_log_is_refused(
    tmp_path: Path, to: str
) -> None:
    with pytest.raises(InputError) as caught:
        step_report(environment(tmp_path), to)

    assert caught.value.code == "unknown-step"


def test_asking_for_the_step_of_a_log_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        step_report(environment(tmp_path), None)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", ["README.md", "backup.md", "upgrade.md"])
def test_every_command_and_file_a_page_names_is_there(page: str) -> None:
    text = PAGES.joinpath(page).read_text(encoding="utf-8")
    help = subprocess.run(
        [Path(sys.executable).with_name("steppedcare"), "--help"], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip

    commands = set(re.findall(r"\bsteppedcare ([a-z]+(?:-[a-z]+)*)(?= |`|$)", text, re.MULTILINE))
    assert commands - {"bash"} <= set(re.findall(r"^  ([a-z-]+)  ", help, re.MULTILINE))
    for name in re.findall(r"`([a-z-]+\.(?:md|sh|conf|service))`", text):
        assert PAGES.joinpath(name).is_file(), name
    assert shutil.which("bash")


def test_the_guide_fits_on_sixty_lines() -> None:
    assert len(PAGES.joinpath("README.md").read_text(encoding="utf-8").splitlines()) <= 60
