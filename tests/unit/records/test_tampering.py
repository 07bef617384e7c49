"""Nobody without the key changes a log unnoticed."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from api.records.store import SqlLog, TamperedLog
from schemas.errors import SettingsError
from tests.unit.records.conftest import Open
from tests.unit.records.logs import OTHER, entry, open_log
from tests.unit.records.tamper import EDITS, tamper, write_log

COMMIT = 60


def unnoticed(folder: Path, edits: int) -> tuple[list[str], Counter[str]]:
    """Return the edits that a check has not noticed, and how often each kind was tried."""
    whole, changed = folder / "whole.sqlite3", folder / "changed.sqlite3"
    write_log(whole)
    missed, tried = [], Counter[str]()
    for seed in range(edits):
        for left in folder.glob("changed*"):
            left.unlink()
        shutil.copy(whole, changed)
        what = tamper(changed, seed)
        tried[what] += 1
        log = open_log(changed)
        if not log.verify().problems:
            missed.append(f"{seed}: {what}")
        log.close()
    return missed, tried


def test_a_log_that_was_opened_up_and_closed_again_unchanged_has_no_problem(
    tmp_path: Path, opened: Open
) -> None:
    write_log(tmp_path / "log.sqlite3")

    tamper(tmp_path / "log.sqlite3", None)

    assert opened(tmp_path / "log.sqlite3").verify().problems == ()


@pytest.mark.hazard("H-62")
def test_every_edit_of_sixty_is_noticed(tmp_path: Path) -> None:
    missed, tried = unnoticed(tmp_path, COMMIT)

    assert missed == []
    assert set(tried) == set(EDITS)
    assert tried.total() == COMMIT


def test_the_log_that_nobody_changed_has_no_problem(tmp_path: Path, opened: Open) -> None:
    head = write_log(tmp_path / "log.sqlite3")

    found = opened(tmp_path / "log.sqlite3").verify(head)

    assert (found.problems, found.links, found.pruned) == ((), 17, 3)


@pytest.mark.hazard("H-62")
def test_an_old_copy_of_the_whole_log_is_noticed_by_a_head_kept_outside(
    tmp_path: Path, opened: Open
) -> None:
    file = tmp_path / "log.sqlite3"
    write_log(file)
    shutil.copy(file, tmp_path / "old.sqlite3")
    log = opened(file)
    log.record([entry(at=50)])
    head = log.verify().head

    old = opened(tmp_path / "old.sqlite3")

    assert old.verify().problems == ()
    assert len(old.verify(head).problems) == 1


@pytest.mark.hazard("H-62")
def test_another_key_verifies_nothing(tmp_path: Path, opened: Open) -> None:
    write_log(tmp_path / "log.sqlite3")

    found = opened(tmp_path / "log.sqlite3", OTHER).verify()

    assert "the head was changed, or the key is another one" in found.problems
    assert len(found.problems) > 10


@pytest.mark.hazard("H-62")
def test_nothing_is_appended_to_a_log_whose_head_was_changed(log: SqlLog, opened: Open) -> None:
    log.record([entry()])
    with log._engine.begin() as connection:
        connection.execute(text("UPDATE head SET seq = 9"))

    with pytest.raises(TamperedLog):
        log.record([entry()])
    with pytest.raises(SettingsError):
        opened(log._url.render_as_string(hide_password=False)).start()

    assert log.verify().problems
