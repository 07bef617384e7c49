"""The command's reports of the log: one line that states the result, and an exit code that means it."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path

import pytest

from api.log_report import export_log, prune_log, verify_log
from api.records.port import microseconds
from schemas.errors import BusyError, InputError, NotFoundError, SettingsError
from tests.contract.doors import run
from tests.unit.records.conftest import Open
from tests.unit.records.logs import SECRET, entry

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def at(day: str) -> int:
    return microseconds(dt.datetime.fromisoformat(f"{day}T12:00:00+00:00"))


@pytest.fixture
def environment(address: str, opened: Open, tmp_path: Path) -> dict[str, str]:
    """The environment of a service with three entries in its log."""
    opened(address).record(
        [
            entry(at=at("2024-05-01"), text='{"city": "Zürich\\u2028"}', patient="p" * 64),
            entry(at=at("2025-05-01"), level="receipt", body=None),
            entry(at=at("2026-02-01")),
        ]
    )
    return {
        "STEPPEDCARE_DATABASE": address,
        "STEPPEDCARE_LOG_KEY": SECRET.decode(),
        "STEPPEDCARE_SPOOL": str(tmp_path / "spool"),
    }


@pytest.mark.hazard("H-62")
def test_a_whole_log_verifies_and_gives_its_head_for_the_next_time(
    environment: dict[str, str],
) -> None:
    lines, result, holds = verify_log(environment)
    head = result.rpartition(" ")[2]

    assert (lines, holds) == ([], True)
    assert result.startswith("verified: 3 entries, head 3:")
    assert verify_log(environment, head)[2]
    assert not verify_log(environment, f"3:{'0' * 64}")[2]


def test_the_export_has_one_line_of_json_for_each_entry(environment: dict[str, str]) -> None:
    lines: list[str] = []

    result = export_log(environment, lines.append)
    found = [json.loads(line) for line in lines]

    assert result == "exported: 3 entries"
    assert all("\n" not in line for line in lines)
    assert [each["seq"] for each in found] == [1, 2, 3]
    assert [each["content"] for each in found] == [{"city": "Zürich\u2028"}, None, {}]
    assert found[0]["time"] == "2024-05-01T12:00:00.000000Z"


def test_the_export_may_be_of_some_days(environment: dict[str, str]) -> None:
    lines: list[str] = []

    export_log(environment, lines.append, "2025-01-01", "2026-02-01")

    assert [json.loads(line)["seq"] for line in lines] == [2]


def test_a_prune_leaves_a_log_that_verifies(environment: dict[str, str]) -> None:
    head = verify_log(environment)[1].rpartition(" ")[2]

    assert prune_log(environment, "2025-01-01", NOW) == ([], "pruned: 1 entries, through 1", True)
    assert prune_log(environment, "2025-01-01", NOW) == ([], "pruned: 0 entries", True)
    assert verify_log(environment, head)[2]
    lines: list[str] = []
    export_log(environment, lines.append)
    assert [json.loads(line)["pruned"] for line in lines] == [True, False, False, False]


@pytest.mark.parametrize("day", ["2026-03-02", "01.01.2025", "2025-13-01", ""])
def test_a_day_that_is_none_or_to_come_prunes_nothing(
    environment: dict[str, str], day: str
) -> None:
    with pytest.raises(InputError):
        prune_log(environment, day, NOW)

    assert verify_log(environment)[1].startswith("verified: 3 entries")


def test_a_log_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    nowhere = tmp_path / "log.sqlite3"
    with pytest.raises(NotFoundError):
        verify_log({"STEPPEDCARE_DATABASE": str(nowhere), "STEPPEDCARE_LOG_KEY": SECRET.decode()})

    assert not nowhere.exists()


def test_a_file_that_is_no_log_is_refused_in_our_words(tmp_path: Path) -> None:
    file = tmp_path / "log.sqlite3"
    file.write_text("hunter2" * 1000)

    with pytest.raises(BusyError) as refused:
        verify_log({"STEPPEDCARE_DATABASE": str(file), "STEPPEDCARE_LOG_KEY": SECRET.decode()})

    assert "hunter2" not in str(refused.value)


def test_an_empty_database_is_not_taken_for_a_log(tmp_path: Path) -> None:
    file = tmp_path / "log.sqlite3"
    sqlite3.connect(file).close()
    file.touch()

    found = verify_log({"STEPPEDCARE_DATABASE": str(file), "STEPPEDCARE_LOG_KEY": SECRET.decode()})

    assert found[1:] == ("NOT VERIFIED: 0 entries looked at", False)


def test_a_server_that_is_away_is_told_in_our_words() -> None:
    with pytest.raises(BusyError) as refused:
        verify_log(
            {
                "STEPPEDCARE_DATABASE": "postgresql://me:hunter2@/x?host=/nowhere",
                "STEPPEDCARE_LOG_KEY": SECRET.decode(),
            }
        )

    assert "hunter2" not in str(refused.value)


def test_the_wrong_key_reads_nothing_out(environment: dict[str, str]) -> None:
    environment["STEPPEDCARE_LOG_KEY"] = SECRET.decode()[::-1]

    with pytest.raises(SettingsError):
        export_log(environment, print)
    assert not verify_log(environment)[2]


def test_the_command_ends_with_the_result_and_its_exit_code(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    verified = run("log", "verify")
    exported = run("log", "export")
    pruned = run("log", "prune", "--before", "2025-01-01")
    wrong = run("log", "verify", "--head", f"2:{'1' * 64}")
    monkeypatch.delenv("STEPPEDCARE_LOG_KEY")
    keyless = run("log", "verify")

    assert (verified.code, exported.code, pruned.code, wrong.code, keyless.code) == (0, 0, 0, 1, 2)
    assert verified.words.splitlines()[-1].startswith("verified: 3 entries")
    assert exported.words.splitlines()[-1] == "exported: 3 entries"
    assert pruned.words.splitlines()[-1] == "pruned: 1 entries, through 1"
    assert wrong.words.splitlines()[-1].startswith("NOT VERIFIED")
    assert keyless.problems[0][0] == "no-log-key"
