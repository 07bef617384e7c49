"""The log in a database: what is recorded is found, nothing is changed, and every entry hangs on the one before."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from api.records.database import make_file, migrate, read_address, reading, revision
from api.records.port import KEY_LASTS_US, Wanted
from api.records.store import SqlLog
from schemas.errors import SettingsError
from tests.unit.records.conftest import Open
from tests.unit.records.logs import KEYS, OTHER, entry


def test_what_was_recorded_is_found_as_it_was_written(log: SqlLog) -> None:
    one = entry(text='{"naïve": "日本"}', patient="p" * 64, tenant="north")

    (kept,) = log.record([one])
    found = log.find("north", one.id)

    assert found == kept
    assert found is not None
    assert (found.text(), found.seq, found.patient) == ('{"naïve": "日本"}', 1, "p" * 64)


@pytest.mark.hazard("H-60")
def test_another_tenant_finds_nothing_by_id_by_key_by_search_or_by_feedback(log: SqlLog) -> None:
    one = entry(tenant="north", key="k" * 64, patient="p" * 64)
    log.record([one, entry(tenant="north", kind="feedback", about=one.id)])

    assert log.find("south", one.id) is None
    assert log.recall("south", "k" * 64, 0) is None
    assert log.search(Wanted(tenant="south", patient="p" * 64)) == ()
    assert log.feedback("south", one.id) == ()
    assert len(log.feedback("north", one.id)) == 1


@pytest.mark.hazard("H-52")
def test_an_entry_is_kept_once_however_often_it_is_handed_in(log: SqlLog) -> None:
    one = entry()

    first = log.record([one])
    again = log.record([one, one], drained=True)

    assert (*first, *first) == again
    assert log.verify().links == 1


@pytest.mark.hazard("H-52")
def test_a_key_stands_for_its_first_entry_for_a_day(log: SqlLog) -> None:
    first = entry(at=10, key="k" * 64, request="r" * 64)
    within, after = 10 + KEY_LASTS_US, 11 + KEY_LASTS_US

    log.record([first])
    (same,) = log.record([entry(at=within, key="k" * 64, request="r" * 64)])
    (other,) = log.record([entry(at=after, key="k" * 64, request="r" * 64)])

    assert same.id == first.id
    assert other.id != first.id


def test_a_drained_entry_whose_key_was_used_before_is_kept_as_a_repeat_that_holds_nothing(
    log: SqlLog,
) -> None:
    first = entry(key="k" * 64, request="r" * 64)
    again = entry(at=2, key="k" * 64, request="r" * 64, patient="p" * 64)
    different = entry(at=3, key="k" * 64, request="s" * 64)

    log.record([first])
    repeat, kept = log.record([again, different], drained=True)

    assert (repeat.kind, repeat.about, repeat.body, repeat.id) == (
        "repeat",
        first.id,
        None,
        again.id,
    )
    assert (kept.kind, kept.body, kept.key) == ("decision", different.body, None)
    assert [each.id for each in log.search(Wanted())] == [first.id, different.id]


def test_a_search_gives_pages_in_the_order_of_the_chain_without_bodies(log: SqlLog) -> None:
    times = [50, 20, 30, 40, 10]
    log.record([entry(at=at, patient="p" * 64) for at in times])
    log.record([entry(at=30, patient="q" * 64), entry(at=30, kind="feedback", about="x")])

    every = log.search(Wanted(patient="p" * 64))
    pages, after = [], 0
    while page := log.search(Wanted(patient="p" * 64, most=2, after=after)):
        pages += page
        after = page[-1].seq or 0
    between = log.search(Wanted(patient="p" * 64, begin=20, end=40))

    assert [each.at for each in every] == times
    assert tuple(pages) == every
    assert {each.body for each in every} == {None}
    assert [each.at for each in between] == [20, 30]


@pytest.mark.hazard("H-62")
def test_what_was_pruned_is_gone_and_the_chain_still_holds(log: SqlLog, address: str) -> None:
    name = "5ca1ab1e" * 8
    head = log.record([entry(at=at, patient=name) for at in (1, 2, 9, 3)]) and log.verify().head

    pruned = log.prune(before=5, at=20)
    found = log.verify(head)

    assert (pruned.removed, pruned.through) == (2, 2)
    assert (found.links, found.pruned, found.problems) == (5, 2, ())
    assert [each.at for each in log.search(Wanted())] == [9, 3]
    assert log.prune(before=5, at=21).removed == 0
    assert log.prune(before=30, at=31).removed == 2
    assert log.verify(head).problems == ()
    if "://" not in address:
        stored = b"".join(each.read_bytes() for each in Path(address).parent.iterdir())
        assert name.encode() not in stored


def test_an_entry_that_was_pruned_is_not_kept_again_when_it_comes_out_of_the_spool(
    log: SqlLog,
) -> None:
    one = entry()
    log.record([one])
    log.prune(before=5, at=6)

    log.record([one], drained=True)

    assert log.find("", one.id) is None
    assert log.verify().problems == ()


FORBIDDEN = (
    "UPDATE chain SET at = 5",
    "DELETE FROM chain",
    "UPDATE entries SET at = 5",
    "DELETE FROM entries",
    "DELETE FROM entries WHERE kind = 'prune'",
    "DELETE FROM head",
    "UPDATE head SET seq = 0",
)
SQLITE_ONLY = (
    "INSERT OR REPLACE INTO chain SELECT seq, id, kind, 5, digest, mac FROM chain WHERE seq = 2",
    "REPLACE INTO entries SELECT * FROM entries WHERE seq = 3",
)
POSTGRESQL_ONLY = (
    "TRUNCATE chain CASCADE",
    "TRUNCATE entries",
    "TRUNCATE head",
    "INSERT INTO chain SELECT 2, 'x', kind, 5, digest, mac FROM chain WHERE seq = 2 "
    "ON CONFLICT (seq) DO UPDATE SET at = 5",
)


@pytest.mark.hazard("H-62")
def test_the_database_itself_refuses_to_change_or_remove_what_was_recorded(log: SqlLog) -> None:
    log.record([entry(at=1), entry(at=9), entry(at=9)])
    log.prune(before=5, at=20)
    engine = log._engine
    more = SQLITE_ONLY if engine.dialect.name == "sqlite" else POSTGRESQL_ONLY

    for statement in (*FORBIDDEN, *more):
        with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
            connection.execute(text(statement))

    assert log.verify().problems == ()


@pytest.mark.hazard("H-50")
def test_the_tables_go_a_step_back_and_forth_and_nothing_recorded_is_lost(log: SqlLog) -> None:
    one = entry()
    log.record([one])
    before = log.verify()

    migrate(log._engine, "0001")
    with reading(log._engine) as connection:
        back = revision(connection)
    told = log.verify().problems
    migrate(log._engine)

    assert back == "0001"
    assert told == ("the tables are not those of this program",)
    assert log.verify() == before
    assert before.problems == ()


@pytest.mark.hazard("H-50")
def test_the_last_step_back_is_refused_while_anything_is_recorded(
    address: str, opened: Open
) -> None:
    log = opened(address)
    log.start()
    migrate(log._engine, "base")
    migrate(log._engine)
    log.close()
    log = opened(address)
    log.record([entry()])

    with pytest.raises(RuntimeError, match="not empty"):
        migrate(log._engine, "base")

    assert log.verify().problems == ()


@pytest.mark.hazard("H-50")
def test_a_step_that_fails_halfway_leaves_the_database_as_it_was(
    address: str, opened: Open
) -> None:
    log = opened(address)
    make_file(log._url)
    with log._engine.begin() as connection:
        connection.execute(text("CREATE TABLE head (old INTEGER)"))

    with pytest.raises(DBAPIError):
        log.start()
    with reading(log._engine) as connection:
        tables = set(inspect(connection).get_table_names())
    with log._engine.begin() as connection:
        connection.execute(text("DROP TABLE head"))

    assert tables == {"head"}
    assert log.record([entry()])[0].seq == 1


def test_the_steps_make_the_tables_that_the_program_knows(log: SqlLog) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from api.records.tables import METADATA

    log.start()
    with reading(log._engine) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "steppedcare_log_version", "compare_type": False}
        )
        assert compare_metadata(context, METADATA) == []


@pytest.mark.hazard("H-50")
def test_a_log_of_a_newer_program_is_not_touched(address: str, opened: Open) -> None:
    log = opened(address)
    log.record([entry()])
    with log._engine.begin() as connection:
        connection.execute(text("UPDATE steppedcare_log_version SET version_num = '9999'"))
    log.close()

    with pytest.raises(SettingsError) as refused:
        opened(address).start()

    assert refused.value.code == "newer-log"


@pytest.mark.hazard("H-70")
def test_a_log_does_not_open_with_another_key(address: str, opened: Open) -> None:
    opened(address).record([entry()])

    with pytest.raises(SettingsError) as refused:
        opened(address, OTHER).start()

    assert refused.value.code == "wrong-log-key"


def test_a_new_sqlite_log_is_readable_by_nobody_else(tmp_path: Path, opened: Open) -> None:
    log = opened(tmp_path / "new" / "decisions.sqlite3")
    log.record([entry()])

    modes = {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "new").iterdir()}

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert modes == {0o600}


def test_several_workers_may_start_on_an_empty_database_at_once(address: str, opened: Open) -> None:
    logs = [opened(address) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda log: log.record([entry()]), logs))

    assert logs[0].verify().links == 6
    assert logs[0].verify().problems == ()
    for each in logs:
        each.close()


@pytest.mark.hazard("H-49")
def test_many_threads_append_one_chain(log: SqlLog) -> None:
    log.start()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda at: log.record([entry(at=at)]), range(60)))

    found = log.verify()

    assert (found.links, found.problems) == (60, ())


@pytest.mark.parametrize(
    "bad",
    ["mysql://root:hunter2@here/there", "sqlite://", "sqlite:///:memory:", "sqlite:///x?y=hunter2", "://hunter2"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_without_being_repeated(bad: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_address(bad)

    assert "hunter2" not in str(refused.value)


def test_the_key_shows_in_no_text_made_of_it(opened: Open) -> None:
    assert "quinces" not in repr(KEYS)
    assert "quinces" not in repr(opened("nowhere"))
