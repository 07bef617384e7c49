"""The recorder: what it says of an entry is true, whatever the database does, and it says it in time."""

from __future__ import annotations

import logging
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.records.port import Wanted
from api.records.recorder import Recorder, start
from api.records.store import SqlLog
from schemas.errors import BusyError, SettingsError
from tests.unit.records.conftest import Open
from tests.unit.records.logs import OTHER, Faulty, entry, spool_in, until
from tests.unit.records.servers import Postgres

Make = Callable[..., Recorder]
CANARY = "zqcanary"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return recorders with a short patience."""
    made: list[Recorder] = []

    def run(log: object, wait: float = 0.2, rest: float = 0.1) -> Recorder:
        made.append(Recorder(log, spool_in(tmp_path), wait, rest))  # type: ignore[arg-type]
        return made[-1]

    yield run
    for each in made:
        each.close()


def ids(log: SqlLog) -> list[str]:
    return [each.id for each in log.search(Wanted())]


def test_an_entry_is_in_the_log_when_it_is_said_to_be(log: SqlLog, make: Make) -> None:
    log.start()
    recorder = make(log, wait=5)
    whole, receipt = entry(), entry(level="receipt", body=None)

    said = [recorder.record(each).recorded for each in (whole, receipt)]

    assert said == ["full", "receipt"]
    assert ids(log) == [whole.id, receipt.id]
    assert recorder.find("", whole.id) == log.find("", whole.id)


@pytest.mark.hazard("H-46")
@pytest.mark.parametrize("fault", ["refuses", "is silent", "is slow"])
def test_an_entry_is_spooled_when_the_database(
    fault: str, tmp_path: Path, opened: Open, make: Make
) -> None:
    log = opened(tmp_path / "log.sqlite3")
    log.start()
    faulty = Faulty(log)
    recorder = make(faulty)
    match fault:
        case "refuses":
            faulty.raises = OSError(CANARY)
        case "is silent":
            faulty.go.clear()
        case _:
            faulty.seconds = 0.5
    entries = [entry(at=at) for at in range(5)]

    begun = time.monotonic()
    said = [recorder.record(each).recorded for each in entries[:4]]
    took = time.monotonic() - begun
    found = recorder.find("", entries[0].id)
    faulty.raises, faulty.seconds = None, 0.0
    faulty.go.set()

    assert said == ["spooled"] * 4
    assert took < 4 * 0.2 + 1
    assert found == entries[0]
    assert until(lambda: not recorder.spool.holds())
    assert until(lambda: recorder.record(entries[4]).recorded == "full")
    assert ids(log) == [each.id for each in entries]
    assert log.verify().problems == ()


@pytest.mark.hazard("H-46")
@pytest.mark.hazard("H-52")
def test_a_request_sent_again_while_the_database_is_away_finds_its_spooled_answer(
    tmp_path: Path, opened: Open, make: Make
) -> None:
    faulty = Faulty(opened(tmp_path / "log.sqlite3"))
    faulty.raises = OSError()
    recorder, key = make(faulty, rest=60), "k" * 64
    first = entry(key=key)
    recorder.record(first)

    assert recorder.recall("", key, 0) == first
    assert recorder.recall("other", key, 0) is None if not recorder.away else True


def test_nothing_overtakes_what_waits_in_the_spool(
    tmp_path: Path, opened: Open, make: Make
) -> None:
    log = opened(tmp_path / "log.sqlite3")
    log.start()
    waiting = [entry(at=at) for at in range(60)]
    for each in waiting:
        spool_in(tmp_path).append(each)

    late = entry(at=99)
    recorder = make(log, wait=10)
    recorder.record(late)

    assert until(lambda: not recorder.spool.holds())
    assert ids(log) == [each.id for each in (*waiting, late)]


@pytest.mark.hazard("H-47")
def test_when_neither_database_nor_spool_works_the_entry_is_said_not_to_be_kept(
    tmp_path: Path, opened: Open, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    faulty = Faulty(opened(tmp_path / "log.sqlite3"))
    faulty.raises = OSError(CANARY)
    recorder = make(faulty)
    recorder.spool.file.mkdir()

    with caplog.at_level(logging.DEBUG):
        kept = recorder.record(entry(text=f'"{CANARY}"'))

    assert kept.recorded == "no"
    assert "not recorded" in caplog.text
    assert CANARY not in caplog.text
    recorder.spool.file.rmdir()


FULL = """
import sys
from pathlib import Path
from api.records.recorder import Recorder
from tests.unit.records.logs import entry, open_log, spool_in
folder = Path(sys.argv[1])
log = open_log(folder / "log.sqlite3")
log.start()
recorder = Recorder(log, spool_in(folder), wait=1, rest=0.2)
import random
noise = random.Random(1)
for at in range(60):
    one = entry(at=at, text=noise.randbytes(8000).hex())
    print(one.id, recorder.record(one).recorded, flush=True)
"""


@pytest.mark.hazard("H-47")
def test_on_a_full_disk_what_is_said_is_still_true_and_later_nothing_is_missing(
    tmp_path: Path, opened: Open, make: Make
) -> None:
    limit = 300_000

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=60,
        check=False, preexec_fn=little_room,
    )  # fmt: skip
    said = dict(line.split() for line in done.stdout.splitlines())
    kinds = set(said.values())
    log = opened(tmp_path / "log.sqlite3")
    recorder = make(log, wait=5)

    assert (done.returncode, len(said)) == (0, 60), done.stderr
    assert kinds == {"full", "spooled", "no"}
    assert until(lambda: not recorder.spool.holds())
    kept = ids(log)
    assert len(kept) == len(set(kept))
    assert {id for id, word in said.items() if word != "no"} <= set(kept)
    assert log.verify().problems == ()


def test_a_reader_is_told_to_come_back_when_the_database_is_away(
    tmp_path: Path, opened: Open, make: Make
) -> None:
    faulty = Faulty(opened(tmp_path / "log.sqlite3"))
    faulty.go.clear()
    recorder = make(faulty)

    begun = time.monotonic()
    for _ in range(3):
        with pytest.raises(BusyError):
            recorder.find("", "x")
    took = time.monotonic() - begun
    faulty.go.set()

    assert took < 3
    assert faulty.calls < 3


def test_a_service_starts_without_its_database_and_not_with_the_wrong_key(
    tmp_path: Path, opened: Open
) -> None:
    log = opened(tmp_path / "log.sqlite3")

    def away() -> None:
        raise OSError

    recorder = start(log, spool_in(tmp_path), away, 10)
    assert until(lambda: recorder.record(entry()).recorded == "full")
    recorder.close()
    other = opened(tmp_path / "log.sqlite3", OTHER)
    with pytest.raises(SettingsError):
        start(other, spool_in(tmp_path), other.start, 1)


def test_entries_that_arrive_together_are_written_together(
    tmp_path: Path, opened: Open, make: Make
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    log = opened(tmp_path / "log.sqlite3")
    log.start()
    faulty = Faulty(log)
    recorder = make(faulty, wait=10)
    faulty.go.clear()
    with ThreadPoolExecutor(20) as pool:
        kept = [pool.submit(recorder.record, entry(at=at)) for at in range(20)]
        assert until(lambda: recorder._queue.qsize() >= 15)
        faulty.go.set()
        said = {each.result().recorded for each in kept}

    assert said == {"full"}
    assert faulty.calls < 10
    assert log.verify().links == 20


@pytest.mark.hazard("H-46")
def test_postgresql_may_be_killed_frozen_and_started_again_and_nothing_is_lost_or_doubled(
    postgres: Postgres, opened: Open, make: Make
) -> None:
    log = opened(postgres.database())
    log.start()
    recorder = make(log, wait=0.4, rest=0.3)
    entries, said = [entry(at=at) for at in range(60)], []

    for at, each in enumerate(entries):
        if at == 10:
            postgres.kill()
        if at == 20:
            postgres.start()
        if at == 30:
            postgres.freeze(signal.SIGSTOP)
        if at == 40:
            postgres.freeze(signal.SIGCONT)
        said.append(recorder.record(each).recorded)
        if at in (25, 45):
            assert until(lambda: not recorder.spool.holds(), 20)

    assert until(lambda: not recorder.spool.holds(), 20)
    assert set(said) == {"full", "spooled"}
    assert said[10] == said[30] == "spooled"
    assert ids(log) == [each.id for each in entries]
    assert log.verify().problems == ()
