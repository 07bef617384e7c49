"""The settings of the log: nothing is kept unless a site says so, and never without a good key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretBytes

from api.records.keys import Keys, read_key
from api.records.routes import open_keeper
from api.records.settings import RecordSettings, read_records
from api.settings import read_settings
from schemas.errors import SettingsError
from tests.unit.records.logs import KEYS, OTHER, SECRET

GOOD = "kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"
LOG = {"STEPPEDCARE_RECORD": "full"}


def key_file(folder: Path, text: str = GOOD, mode: int = 0o600) -> str:
    file = folder / "log.key"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def test_without_a_word_nothing_is_kept_and_no_key_is_read(tmp_path: Path) -> None:
    settings = read_settings({"STEPPEDCARE_LOG_KEY_FILE": str(tmp_path / "nowhere")})

    assert settings.records.record == "none"
    assert settings.records.key is None


def test_a_service_that_keeps_nothing_loads_no_database_library_and_writes_no_file(
    tmp_path: Path,
) -> None:
    code = """
import sys
from api.app import create_app
from api.settings import read_settings
create_app(read_settings({}))
print(sorted({"sqlalchemy", "alembic", "psycopg"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip

    assert done.stdout == "[]\n"
    assert list(tmp_path.iterdir()) == []


def test_the_key_comes_from_its_file_or_from_the_environment(tmp_path: Path) -> None:
    by_file = read_records({**LOG, "STEPPEDCARE_LOG_KEY_FILE": key_file(tmp_path, GOOD + "\n")})
    by_value = read_records({**LOG, "STEPPEDCARE_LOG_KEY": GOOD})

    assert by_file.key == by_value.key == SecretBytes(GOOD.encode())
    assert GOOD not in repr(by_file) + str(by_file.model_dump())


@pytest.mark.hazard("H-70")
@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "no-log-key"),
        ({"STEPPEDCARE_LOG_KEY_FILE": "/nowhere/log.key"}, "no-log-key"),
        ({"STEPPEDCARE_LOG_KEY": "short-and-sweet-1234567890-abcd"}, "weak-log-key"),
        ({"STEPPEDCARE_LOG_KEY": "a" * 64}, "weak-log-key"),
        ({"STEPPEDCARE_LOG_KEY": "changeme" * 8}, "weak-log-key"),
        ({"STEPPEDCARE_LOG_KEY": GOOD, "STEPPEDCARE_RECORD": "some"}, "bad-setting"),
    ],
    ids=["none", "no file", "31 letters", "one letter", "a word over and over", "no such level"],
)
def test_a_log_without_a_good_key_or_level_does_not_start(
    environment: dict[str, str], code: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_records({**LOG, **environment})

    assert refused.value.code == code
    assert "changeme" not in str(refused.value)
    assert "short-and" not in str(refused.value)


@pytest.mark.hazard("H-70")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError) as refused:
        read_key({"STEPPEDCARE_LOG_KEY_FILE": key_file(tmp_path, mode=mode)})

    assert refused.value.code == "key-open-to-others"


def test_a_weak_key_in_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read_key({"STEPPEDCARE_LOG_KEY_FILE": key_file(tmp_path, "abc")})


def test_a_password_in_the_address_shows_nowhere() -> None:
    settings = RecordSettings(database="postgresql://me:hunter2@here/there")

    assert "hunter2" not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        open_keeper(
            RecordSettings(record="full", database="oracle://me:hunter2@x", key=SecretBytes(b"k"))
        )
    assert "hunter2" not in str(refused.value)


def test_settings_without_a_key_keep_nothing_even_when_made_by_hand() -> None:
    with pytest.raises(SettingsError):
        open_keeper(RecordSettings(record="full"))


def test_the_spool_lies_beside_the_file_or_where_it_is_said_to() -> None:
    assert RecordSettings(database="a/b.sqlite3").spool_file == Path("a/b.sqlite3-spool")
    assert RecordSettings(database="postgresql://h/d").spool_file == Path("decisions.sqlite3-spool")
    assert RecordSettings(spool="/var/x").spool_file == Path("/var/x")


def test_a_pseudonym_is_the_same_for_a_patient_and_another_for_each_tenant_and_key() -> None:
    one = KEYS.pseudonym("north", "MRN-1")

    assert one == Keys(SecretBytes(SECRET)).pseudonym("north", "MRN-1")
    others = {
        KEYS.pseudonym("south", "MRN-1"),
        KEYS.pseudonym("north", "MRN-2"),
        KEYS.pseudonym("northM", "RN-1"),
        OTHER.pseudonym("north", "MRN-1"),
        KEYS.code("link", "north", "MRN-1"),
    }
    assert len(others) == 5
    assert one not in others
