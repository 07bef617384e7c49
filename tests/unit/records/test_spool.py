"""The spool: what was acknowledged waits on disk, in order, and comes into the log once."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.records.port import Entry, Wanted
from api.records.spool import Spool
from tests.unit.records.conftest import Open
from tests.unit.records.logs import KEYS, OTHER, entry, spool_in


class Away(Exception):
    pass


def test_entries_come_out_as_they_went_in_and_in_order(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    entries = [entry(at=at, text='{"naïve": "\\n\u2028"}', patient="p" * 64) for at in (3, 1, 2)]

    for each in entries:
        spool.append(each)

    assert list(spool.waiting()) == entries
    assert stat.S_IMODE(spool.file.stat().st_mode) == 0o600


def test_what_waits_is_found_by_id_key_and_subject_also_after_the_file_began_anew(
    tmp_path: Path,
) -> None:
    spool = spool_in(tmp_path)
    first, second = entry(at=1, key="k" * 64), entry(at=2, key="k" * 64, tenant="north")
    said = entry(at=3, kind="feedback", about=first.id)
    for each in (first, second):
        spool.append(each)

    assert spool.find("id", "", first.id) == [first]
    assert spool.find("key", "", "k" * 64) == [first]
    assert spool.find("key", "north", "k" * 64) == [second]
    assert spool.find("id", "north", first.id) == []
    spool.append(said)
    assert spool.find("about", "", first.id) == [said]

    spool.drain(lambda _: None)
    assert spool.find("id", "", first.id) == []
    for each in (second, said, first, second):
        spool.append(each)
    assert spool.find("id", "", first.id) == [first]
    assert spool.find("id", "north", second.id) == [second, second]


def test_looking_into_a_long_spool_reads_only_what_is_new(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for at in range(200):
        spool.append(entry(at=at, text="x" * 3000))
    spool.find("id", "", "x")
    read: list[int] = []
    plain = spool._lines
    spool._lines = lambda begin: (read.append(begin) or line for line in plain(begin))  # type: ignore[method-assign,func-returns-value]

    spool.append(entry())
    spool.find("id", "", "x")

    assert len(read) == 2


@pytest.mark.hazard("H-46")
def test_draining_empties_the_spool_in_order_and_in_small_batches(tmp_path: Path) -> None:
    spool, taken, sizes = spool_in(tmp_path), list[Entry](), list[int]()
    entries = [entry(at=at) for at in range(250)]
    for each in entries:
        spool.append(each)

    def take(batch: Sequence[Entry]) -> None:
        taken.extend(batch)
        sizes.append(len(batch))

    assert spool.drain(take)
    assert taken == entries
    assert max(sizes) <= 100
    assert not spool.holds()


@pytest.mark.hazard("H-46")
def test_what_is_appended_while_the_spool_is_drained_is_not_lost(tmp_path: Path) -> None:
    spool, taken = spool_in(tmp_path), list[Entry]()
    first, second, third = (entry(at=at) for at in (1, 2, 3))
    spool.append(first)

    def take(batch: Sequence[Entry]) -> None:
        taken.extend(batch)
        if len(taken) < 3:
            spool.append(second if len(taken) == 1 else third)

    assert spool.drain(take)
    assert taken == [first, second, third]


def test_what_could_not_be_taken_stays(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(entry())

    def refuse(_: Sequence[Entry]) -> None:
        raise Away

    with pytest.raises(Away):
        spool.drain(refuse)

    assert len(list(spool.waiting())) == 1


@pytest.mark.hazard("H-46")
def test_a_drain_that_broke_off_halfway_doubles_nothing_when_it_is_done_again(
    tmp_path: Path, opened: Open
) -> None:
    spool, log = spool_in(tmp_path), opened(tmp_path / "log.sqlite3")
    entries = [entry(at=at) for at in range(70)]
    for each in entries:
        spool.append(each)

    def breaks_off(batch: Sequence[Entry]) -> None:
        log.record(batch, drained=True)
        raise Away

    with pytest.raises(Away):
        spool.drain(breaks_off)
    spool.drain(lambda batch: log.record(batch, drained=True))

    assert [each.id for each in log.search(Wanted())] == [each.id for each in entries]
    assert log.verify().problems == ()


@pytest.mark.hazard("H-48")
@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_half_a_line_left_by_a_killed_process_is_removed_and_nothing_else(
    tmp_path: Path, cut: int
) -> None:
    spool = spool_in(tmp_path)
    whole, torn, later = entry(at=1), entry(at=2), entry(at=3)
    spool.append(whole)
    kept = spool.file.read_bytes()
    spool.append(torn)
    spool.file.write_bytes(kept + spool.file.read_bytes()[len(kept) : -cut])

    assert list(spool.waiting()) == [whole]
    spool.append(later)

    assert list(spool.waiting()) == [whole, later]


@pytest.mark.hazard("H-62")
def test_a_line_that_was_changed_is_set_aside_and_neither_believed_nor_thrown_away(
    tmp_path: Path,
) -> None:
    spool, taken = spool_in(tmp_path), list[Entry]()
    good, bad = entry(at=1), entry(at=2)
    spool.append(bad)
    changed = spool.file.read_bytes().replace(b'"at":2', b'"at":9')
    spool.file.write_bytes(changed + b"not ours\n[[[\n")
    Spool(spool.file, OTHER).append(entry(at=4))
    spool.append(good)

    spool.drain(taken.extend)

    assert taken == [good]
    assert spool.refused.read_bytes().startswith(changed + b"not ours\n[[[\n")
    assert len(spool.refused.read_bytes().splitlines()) == 4


def test_many_writers_never_mix_their_lines(tmp_path: Path) -> None:
    spools = [Spool(tmp_path / "spool", KEYS, wait=20) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda s=s: [s.append(entry(text="x" * 9000)) for _ in range(10)])
        for s in spools
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(list(spools[0].waiting())) == 40


@pytest.mark.hazard("H-46")
def test_many_threads_at_once_share_a_flush_and_none_waits_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes: list[int] = []

    def slow(handle: int) -> None:
        flushes.append(handle)
        time.sleep(0.05)

    monkeypatch.setattr("api.records.spool.os.fsync", slow)
    spool = spool_in(tmp_path)
    with ThreadPoolExecutor(30) as pool:
        list(pool.map(lambda at: spool.append(entry(at=at)), range(90)))

    assert len(list(spool.waiting())) == 90
    assert len(flushes) < 60


def test_a_failed_flush_fails_for_everyone_who_shared_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "no room")

    spool = spool_in(tmp_path)
    spool.append(entry())
    monkeypatch.setattr("api.records.spool.os.fsync", full)
    with ThreadPoolExecutor(8) as pool:
        told = [pool.submit(spool.append, entry()).exception() for _ in range(8)]

    assert {type(each) for each in told} == {OSError}
    assert len(list(spool.waiting())) == 1


def test_only_one_drains_at_a_time(tmp_path: Path) -> None:
    spool, told = spool_in(tmp_path), list[bool]()
    spool.append(entry())

    def take(_: Sequence[Entry]) -> None:
        told.append(spool_in(tmp_path).drain(lambda batch: None))

    assert spool.drain(take)
    assert told == [False]
