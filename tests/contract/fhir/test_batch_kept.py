"""A batch may keep its decisions in the decision log, and says how many it kept."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.records.keeper import LogKeeper
from api.records.settings import read_records
from api.settings import ServiceSettings
from tests.contract.doors import run
from tests.contract.test_fhir_batch import VIGNETTES, batch, resources_of, write

TWO = VIGNETTES[:2]


@pytest.fixture
def logging_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment of a site that keeps everything; the command runs in it."""
    key = tmp_path / "log.key"
    key.write_text("kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM")
    key.chmod(0o600)
    site = {
        "STEPPEDCARE_RECORD": "full",
        "STEPPEDCARE_DATABASE": str(tmp_path / "log.sqlite3"),
        "STEPPEDCARE_LOG_KEY_FILE": str(key),
    }
    for name, value in site.items():
        monkeypatch.setenv(name, value)
    return site


def test_a_batch_told_to_record_keeps_each_decision_under_its_patient(
    tmp_path: Path, logging_site: dict[str, str]
) -> None:
    folder = write(tmp_path / "bulk", resources_of(TWO))

    code, words, lines, errors = batch(folder, "--record")

    assert (code, errors) == (0, [])
    assert words.splitlines()[-1].startswith("2 of 2 patients decided, 2 kept, ")
    app = create_app(ServiceSettings(records=read_records(logging_site)))
    client = TestClient(app, base_url="http://127.0.0.1")
    for line in lines:
        found = client.post("/v1/decisions/search", json={"patient": line["patient"]}).json()
        (one,) = found["decisions"]
        shown = client.get(f"/v1/decisions/{one['id']}").json()
        assert shown["decision"] == line["decision"]
    assert isinstance(app.state.keeper, LogKeeper)
    app.state.keeper.recorder.close()


@pytest.mark.hazard("H-47")
def test_a_batch_that_could_keep_nothing_writes_every_decision_and_says_so(
    tmp_path: Path, logging_site: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object, **__: object) -> object:
        raise OSError

    monkeypatch.setattr(LogKeeper, "entry", nothing)
    folder = write(tmp_path / "bulk", resources_of(TWO))

    code, words, lines, errors = batch(folder, "--record")

    assert (code, len(lines), errors) == (1, 2, [])
    assert words.splitlines()[-1].startswith("2 of 2 patients decided, 0 kept, ")


def test_a_batch_keeps_nothing_unless_it_is_told_to(
    tmp_path: Path, logging_site: dict[str, str]
) -> None:
    code, words, _, _ = batch(write(tmp_path / "bulk", resources_of(TWO)))

    assert code == 0
    assert "kept" not in words
    assert not Path(logging_site["STEPPEDCARE_DATABASE"]).exists()


def test_a_batch_cannot_record_where_no_log_is_kept(tmp_path: Path) -> None:
    folder = write(tmp_path / "bulk", resources_of(TWO))
    out = tmp_path / "out.ndjson"

    answer = run(
        "batch", str(folder), "--out", str(out), "--errors", str(tmp_path / "errors"), "--record",
        "--on", dt.date(2026, 3, 1).isoformat(),
    )  # fmt: skip

    assert answer.code == 2
    assert not out.exists()
