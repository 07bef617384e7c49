"""What was acknowledged survives whatever kills the process, and nothing is there twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.records.crashes import Left, kill_while_writing, left, write

KILLS = 10
EACH = 500


@pytest.mark.hazard("H-48")
@pytest.mark.hazard("H-52")
def test_ten_kills_while_writing_lose_nothing_acknowledged_and_double_nothing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "log.sqlite3"

    told = kill_while_writing(str(file), tmp_path, KILLS, seed=1)
    found = left(str(file), tmp_path)

    assert told.kills == KILLS
    assert len(told.ids) > KILLS
    assert set(told.recorded.values()) == {"full", "spooled"}
    assert (found.lost(told), found.doubled(), found.problems) == ([], 0, ())
    assert sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.hazard("H-49")
@pytest.mark.slow
def test_two_processes_write_five_hundred_each_into_one_chain(address: str, tmp_path: Path) -> None:
    found = two_writers(address, tmp_path, EACH)

    assert len(found.decisions) == 2 * EACH
    assert Counter(each.at for each in found.decisions) == dict.fromkeys(range(1, EACH + 1), 2)
    assert len({each.key for each in found.decisions}) == 2 * EACH
    assert found.problems == ()


def two_writers(address: str, folder: Path, each: int) -> Left:
    """Let two processes write *each* entries at the same time."""
    writers = [write(address, folder, name, 1, each) for name in ("one", "two")]
    for writer in writers:
        said = writer.communicate(timeout=600)[0].splitlines()
        assert said[-1] == "done"
        assert not [line for line in said if " no " in line]
    return left(address, folder)
