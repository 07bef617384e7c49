"""The decision log before a release: 200 kills, 50 kills of the database, two long writers, 1,000 edits; `make soak`.

STEPPEDCARE_SOAK=0.01 runs a hundredth of it, to see that it works.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from api.library import get_vignettes
from api.records.database import NEWEST
from api.records.port import unpack
from api.records.recorder import Kept, Recorder
from api.service import decide_input
from tests.conftest import ON
from tests.unit.records.conftest import address, postgres
from tests.unit.records.crashes import (
    kill_the_server,
    kill_while_stepping,
    kill_while_writing,
    left,
)
from tests.unit.records.logs import Faulty, entry, open_log, spool_in, until
from tests.unit.records.servers import Postgres
from tests.unit.records.tamper import EDITS
from tests.unit.records.test_crash import two_writers
from tests.unit.records.test_tampering import unnoticed

__all__ = ["address", "postgres"]

SHARE = float(os.environ.get("STEPPEDCARE_SOAK", "1"))


def share(count: int) -> int:
    return max(2, int(count * SHARE))


@pytest.mark.hazard("H-48")
def test_two_hundred_kills_while_writing_lose_nothing_acknowledged_and_double_nothing(
    tmp_path: Path,
) -> None:
    file = str(tmp_path / "log.sqlite3")

    told = kill_while_writing(file, tmp_path, share(200), seed=2)
    found = left(file, tmp_path)

    assert told.kills == share(200)
    assert len(told.ids) >= told.kills / 2
    assert (found.lost(told), found.doubled(), found.problems) == ([], 0, ())


@pytest.mark.hazard("H-46")
@pytest.mark.hazard("H-48")
def test_fifty_kills_of_the_database_lose_nothing_acknowledged_and_double_nothing(
    postgres: Postgres, tmp_path: Path
) -> None:
    base = postgres.database()

    told = kill_the_server(postgres, base, tmp_path, share(50), seed=3)
    found = left(base, tmp_path)

    assert told.kills == share(50)
    assert len(told.ids) > told.kills
    assert (found.lost(told), found.doubled(), found.problems) == ([], 0, ())


@pytest.mark.hazard("H-48")
@pytest.mark.hazard("H-50")
def test_twenty_kills_while_the_tables_step_back_and_on_lose_nothing_and_decisions_replay(
    address: str,
) -> None:
    inputs = [look.input for vignette in get_vignettes("fbss") for look in vignette.looks]
    told = [decide_input("fbss", each, ON).model_dump_json() for each in inputs]
    log = open_log(address)
    log.record([entry(at=at, text=text) for at, text in enumerate(told, start=1)])
    before = log.verify()
    log.close()

    found = kill_while_stepping(address, share(20), seed=4)

    assert found.keys() <= {"0001", NEWEST}
    assert len(found) == 2 or SHARE < 1
    log = open_log(address)
    log.start()
    assert log.verify() == before
    assert before.problems == ()
    kept = [unpack(each.body) for _, each in log.export() if each is not None and each.body]
    log.close()
    assert kept == told
    assert [decide_input("fbss", each, ON).model_dump_json() for each in inputs] == kept


@pytest.mark.hazard("H-46")
def test_ten_rounds_of_every_fault_of_the_store_under_load_lose_and_double_nothing(
    tmp_path: Path,
) -> None:
    log = open_log(tmp_path / "log.sqlite3")
    log.start()
    faulty = Faulty(log)
    recorder = Recorder(faulty, spool_in(tmp_path), wait=0.5, rest=0.2)  # type: ignore[arg-type]
    stop, slowest = threading.Event(), [0.0] * 8
    said: list[list[Kept]] = [[] for _ in range(8)]

    def load(worker: int) -> None:
        while not stop.is_set():
            begun = time.monotonic()
            said[worker].append(recorder.record(entry(at=len(said[worker]), text="x" * 4000)))
            slowest[worker] = max(slowest[worker], time.monotonic() - begun)
            time.sleep(0.02)  # some 200 decisions a second, more than two cores decide

    workers = [threading.Thread(target=load, args=(at,)) for at in range(8)]
    for each in workers:
        each.start()
    for _ in range(share(10)):
        for fault in ("down", "silent", "slow"):
            faulty.raises = OSError() if fault == "down" else None
            faulty.seconds = 0.7 if fault == "slow" else 0.0
            faulty.go.clear() if fault == "silent" else faulty.go.set()
            time.sleep(0.4)
            faulty.raises, faulty.seconds = None, 0.0
            faulty.go.set()
            time.sleep(0.3)
    stop.set()
    for each in workers:
        each.join()
    assert until(lambda: not recorder.spool.holds(), 60)
    recorder.close()
    found = left(str(tmp_path / "log.sqlite3"), tmp_path)
    told = [kept for worker in said for kept in worker]

    assert {kept.recorded for kept in told} == {"full", "spooled"}
    assert {kept.entry.id for kept in told} == found.ids
    assert len(found.decisions) == len(told)
    assert found.problems == ()
    # Half a second for the database, and the time to flush a disk that eight others want.
    assert max(slowest) < 3


@pytest.mark.hazard("H-49")
def test_two_processes_write_five_thousand_each_into_one_chain(
    address: str, tmp_path: Path
) -> None:
    found = two_writers(address, tmp_path, share(5000))

    assert len(found.decisions) == 2 * share(5000)
    assert len({each.key for each in found.decisions}) == 2 * share(5000)
    assert found.problems == ()


@pytest.mark.hazard("H-62")
def test_every_edit_of_a_thousand_is_noticed(tmp_path: Path) -> None:
    missed, tried = unnoticed(tmp_path, share(1000))

    assert missed == []
    assert set(tried) == set(EDITS) or SHARE < 1
