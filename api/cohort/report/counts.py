"""What a report counts in the answers of a run; only counts leave this module, never a patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from api.cohort.manifest import NAME, Manifest, read_manifest
from api.cohort.shape import ID
from schemas.decision import State, Verdict
from schemas.errors import InputError, Problem
from schemas.pathway import Pathway, Urgency

MOST_RULES, MOST_QUESTIONS = 15, 15
BLOCKING = (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED)


@dataclass(frozen=True)
class Counts:
    """Everything a report shows about one run."""

    patients: int
    states: dict[str, int]
    urgencies: dict[str, int]
    state_urgency: dict[tuple[str, str], int]
    signs: dict[str, int]
    """Patients with each red sign open, most first."""
    verdicts: dict[str, dict[str, int]]
    """By treatment, how many got each verdict."""
    blocks: list[tuple[str, str, int]]
    """Treatment, deciding rule, patients: what blocks what, most first."""
    questions: list[tuple[str, int, int]]
    """Fact, patients it is asked for, patients for whom it is the only question left; most first."""
    flow: dict[tuple[str, str], int] | None
    """From the state in an earlier run to the state now, for patients in both."""
    new: int = 0
    gone: int = 0
    """Patients in only one of the two runs."""


def open_run(folder: Path) -> Manifest:
    """Return the manifest of a finished run; raise InputError when there is none, or it is not finished."""
    manifest = read_manifest(folder) if folder.is_dir() else None
    if manifest is None:
        raise _refused(
            "not-a-run",
            f"the folder holds no `{NAME}`",
            "name a folder that `steppedcare cohort INPUT --out OUT` has written",
        )
    if not manifest.complete:
        raise _refused("not-finished", "the run in the folder is not finished", _AGAIN)
    return manifest


def scan(folder: Path, manifest: Manifest) -> pl.LazyFrame:
    """Return the answers of a run, to be read only as far as they are needed; raise InputError for a part gone."""
    files = [folder / part["file"] for part in manifest.parts.values()]
    if not all(file.is_file() for file in files):
        raise _refused("part-missing", "a part of the run is gone", _AGAIN)
    if manifest.about["answers"] == "csv":
        return pl.scan_csv(files, infer_schema=False)
    return pl.scan_parquet(files)


_AGAIN = "run the same `cohort` command again: it goes on where it stopped"


def _refused(code: str, message: str, help: str) -> InputError:
    return InputError(Problem(code=code, message=message, help=help, where="OUT"))


def count(pathway: Pathway, answers: pl.LazyFrame, before: pl.LazyFrame | None) -> Counts:
    """Count everything a report shows; reads the answers column by column, never all at once."""
    pairs = _pairs(answers, "state", "urgency")
    flow, new, gone = (None, 0, 0) if before is None else _flow(before, answers)
    return Counts(
        patients=sum(pairs.values()),
        states=_summed(pairs, 0, [state.value for state in State]),
        urgencies=_summed(pairs, 1, [urgency.value for urgency in Urgency]),
        state_urgency=pairs,
        signs=_listed(answers, "red_signs"),
        verdicts={
            treatment: _one(answers, f"verdict_{treatment.replace('-', '_')}")
            for treatment in pathway.treatments
        },
        blocks=_blocks(pathway, answers),
        questions=_questions(answers),
        flow=flow,
        new=new,
        gone=gone,
    )  # fmt: skip


def _summed(pairs: dict[tuple[str, str], int], at: int, order: list[str]) -> dict[str, int]:
    return {word: sum(n for pair, n in pairs.items() if pair[at] == word) for word in order}


def _pairs(answers: pl.LazyFrame, one: str, other: str) -> dict[tuple[str, str], int]:
    found = answers.group_by(one, other).len().collect(engine="streaming")
    return {(str(a), str(b)): int(n) for a, b, n in found.iter_rows()}


def _one(answers: pl.LazyFrame, column: str) -> dict[str, int]:
    found = dict(answers.group_by(column).len().collect(engine="streaming").iter_rows())
    return {verdict.value: int(found.get(verdict.value, 0)) for verdict in Verdict}


def _listed(answers: pl.LazyFrame, column: str) -> dict[str, int]:
    """Count the words of a `;`-joined column: distinct texts first, which are few beside the patients."""
    texts = answers.group_by(column).len().collect(engine="streaming")
    found: dict[str, int] = {}
    for text, number in texts.iter_rows():
        for word in (text or "").split(";"):
            if word:
                found[word] = found.get(word, 0) + int(number)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _blocks(pathway: Pathway, answers: pl.LazyFrame) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    for treatment in pathway.treatments:
        word = treatment.replace("-", "_")
        blocked = answers.filter(pl.col(f"verdict_{word}").is_in([v.value for v in BLOCKING]))
        rules = blocked.group_by(f"rule_{word}").len().collect(engine="streaming")
        found += [(treatment, str(rule or "several"), int(n)) for rule, n in rules.iter_rows()]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


def _questions(answers: pl.LazyFrame) -> list[tuple[str, int, int]]:
    """Count for each missing fact how many patients it is asked for, and for how many it alone is missing."""
    words = pl.col("missing").fill_null("").str.split(";")
    asked = (
        answers.select(fact=words, alone=words.list.len() == 1)
        .explode("fact")
        .filter(pl.col("fact") != "")
        .group_by("fact")
        .agg(pl.len().alias("asked"), pl.col("alone").sum())
        .collect(engine="streaming")
    )
    rows = [(str(fact), int(n), int(alone)) for fact, n, alone in asked.iter_rows()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _flow(before: pl.LazyFrame, after: pl.LazyFrame) -> tuple[dict[tuple[str, str], int], int, int]:
    """Count the ways from a state then to a state now, and those who are in one run only."""
    then = before.select(pl.col(ID), pl.col("state").alias("then"))
    now = after.select(pl.col(ID), pl.col("state").alias("now"))
    joined = then.join(now, on=ID, how="full").group_by("then", "now").len()
    flow, new, gone = {}, 0, 0
    for was, is_now, number in joined.collect(engine="streaming").iter_rows():
        if was is None:
            new += int(number)
        elif is_now is None:
            gone += int(number)
        else:
            flow[str(was), str(is_now)] = int(number)
    return flow, new, gone
