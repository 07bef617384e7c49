"""Small cohorts: two patients as tables, and the command in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.cli import main

ON = "2026-03-01"


@dataclass(frozen=True)
class Done:
    """What a command has said."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]


Cohort = Callable[..., Done]


@pytest.fixture
def cohort(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cohort:
    """Run `steppedcare cohort` here, with the bedside engine unless another is asked for."""

    def run(*words: str | Path) -> Done:
        said = [str(word) for word in words]
        if said[0] not in ("synth", "report") and "--backend" not in said:
            said += ["--backend", "bedside"]
        monkeypatch.setattr(sys, "argv", ["steppedcare", "cohort", *said])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return Done(int(left.value.code or 0), told.out, told.err)

    return run


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Two patients and what they take, as Parquet tables in a folder."""
    folder = tmp_path / "in"
    lists = {"medications__list": ["whole", None]}
    write(folder, "patients", {"patient": ["a", "b"], "age": [50, 70]} | lists)
    write(folder, "medications", {"patient": ["a", "b"], "agent": ["apixaban", "naproxen"]})
    return folder


def write(folder: Path, name: str, columns: dict[str, Any], **kinds: pa.DataType) -> Path:
    """Write one table; *kinds* gives columns a type of their own."""
    folder.mkdir(exist_ok=True, parents=True)
    arrays = {name: pa.array(values, kinds.get(name)) for name, values in columns.items()}
    file = folder / f"{name}.parquet"
    pq.write_table(pa.table(arrays), file)
    return file


def answers(out: Path) -> dict[str, dict[str, Any]]:
    """Return the answers in *out* by patient; every patient may stand there once."""
    rows = pl.read_parquet(sorted(out.glob("part-*.parquet"))).to_dicts()
    found = {row["patient"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def faults(out: Path) -> list[dict[str, Any]]:
    return list(pl.read_ndjson(out / "errors.ndjson").to_dicts())
