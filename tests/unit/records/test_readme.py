"""What the page about the log tells an operator to type works when it is typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import api.records
from api.records.settings import DATABASE, RECORD, SPOOL
from api.records.store import SqlLog
from api.records.tables import METADATA
from tests.unit.records.conftest import Open
from tests.unit.records.logs import SECRET, entry
from tests.unit.records.servers import Postgres, programs

PAGE = (Path(api.records.__file__).parent / "README.md").read_text(encoding="utf-8")


def steps(section: str, database: str) -> str:
    """Return the indented lines of *section* that follow the words `With <database>`."""
    body = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    after = body.partition(f"ith {database}")[2]
    lines = re.search(r"\n\n((?:    .*\n)+)", after)
    assert lines is not None
    return re.sub(r"^    ", "", lines.group(1), flags=re.MULTILINE)


def type_in(script: str, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    places = [str(Path(sys.executable).parent), str(programs() or ""), os.environ["PATH"]]
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True,
        timeout=60, check=False,
        env={
            "PATH": ":".join(places), "STEPPEDCARE_DATABASE": address, "LC_ALL": "C.UTF-8",
            "STEPPEDCARE_LOG_KEY": SECRET.decode(), "STEPPEDCARE_SPOOL": str(folder / "spool"),
        },
    )  # fmt: skip


def written(log: SqlLog) -> list[str]:
    entries = [entry(at=at) for at in range(1, 9)]
    log.record(entries)
    log.prune(3, 100)
    return [each.id for each in entries[2:]]


@pytest.mark.hazard("H-54")
def test_a_copy_of_a_sqlite_log_is_made_and_put_back_as_the_page_says(
    tmp_path: Path, opened: Open
) -> None:
    address = str(tmp_path / "log.sqlite3")
    log = opened(address)
    ids = written(log)

    copied = type_in(steps("Keep a copy", "SQLite"), tmp_path, address)
    log.record([entry(at=200)])
    log.close()
    back = type_in(steps("Put it back", "SQLite"), tmp_path, address)

    assert (copied.returncode, back.returncode) == (0, 0), copied.stderr + back.stderr
    assert back.stdout.splitlines()[-1].startswith("verified: 9 entries")
    again = opened(address)
    assert all(again.find("", id) for id in ids)
    assert again.record([entry()])[0].seq == 10
    assert (tmp_path / "backup.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.hazard("H-54")
def test_a_copy_of_a_postgresql_log_is_made_and_put_back_as_the_page_says(
    tmp_path: Path, opened: Open, postgres: Postgres
) -> None:
    address, empty = postgres.database(), postgres.database()
    log = opened(address)
    ids = written(log)

    copied = type_in(steps("Keep a copy", "PostgreSQL"), tmp_path, address)
    back = type_in(steps("Put it back", "PostgreSQL"), tmp_path, empty)

    assert (copied.returncode, back.returncode) == (0, 0), copied.stderr + back.stderr
    assert back.stdout.splitlines()[-1].startswith("verified: 9 entries")
    again = opened(empty)
    assert all(again.find("", id) for id in ids)
    assert again.record([entry()])[0].seq == 10


def test_an_older_copy_does_not_pass_for_the_log_that_was_lost(
    tmp_path: Path, opened: Open
) -> None:
    address = str(tmp_path / "log.sqlite3")
    log = opened(address)
    written(log)
    type_in(steps("Keep a copy", "SQLite"), tmp_path, address)
    log.record([entry(at=200)])
    log.close()
    head = "steppedcare log verify | tail -n 1 > head.txt\n"

    back = type_in(head + steps("Put it back", "SQLite"), tmp_path, address)

    assert back.returncode == 1
    assert "NOT VERIFIED" in back.stdout


def test_the_page_knows_every_table_every_column_and_every_setting() -> None:
    for name, table in METADATA.tables.items():
        line = re.search(rf"^    {name} +(.*?)  ", PAGE, flags=re.MULTILINE)
        assert line is not None
        named = re.split(r", | {2,}", line.group(1))
        assert named == [column.name for column in table.columns if column.name != "one"]
    for setting in (RECORD, DATABASE, SPOOL, "STEPPEDCARE_LOG_KEY_FILE", "STEPPEDCARE_LOG_KEY"):
        assert f"`{setting}`" in PAGE


def test_the_key_made_as_the_page_says_is_a_good_one(tmp_path: Path) -> None:
    line = next(line for line in PAGE.splitlines() if "/dev/urandom" in line)
    done = type_in(line.strip(), tmp_path, "x")

    from api.records.keys import read_key

    assert done.returncode == 0
    assert read_key({"STEPPEDCARE_LOG_KEY_FILE": str(tmp_path / "log.key")}) is not None
