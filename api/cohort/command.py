"""The command `steppedcare cohort`: its options, what is said at the end, and with which exit code.

Exit 0: every patient was decided (and a check found no difference). 1: some rows were left out, or a check found a
difference. 2: bad input, nothing was decided. 5: stopped before the end (disk full); the same command goes on.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cohort.synth_shares import table
from api.errors import EXIT_NOT_SO, EXIT_OK
from api.terminal import PATHWAY, choose_settings, read_day
from schemas.errors import InputError, Problem, StorageError


class _DefaultRun(TyperGroup):
    """A group whose first word may be an input: then it is the command `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


cohort_app = typer.Typer(
    cls=_DefaultRun,
    help="Many patients from files: `cohort INPUT --out OUT`. INPUT is a Parquet, CSV or NDJSON file, "
    "a folder of tables, or a FHIR Bulk Data folder.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@cohort_app.command("run")
def cohort_run(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A file or a folder.")],
    out: Annotated[str, typer.Option("--out", help="The folder for the answers.")],
    backend: Annotated[
        str,
        typer.Option("--backend", help="polars, duckdb, spark or bedside (slow, the reference)."),
    ] = "polars",
    on: Annotated[
        str | None, typer.Option("--on", help="Date of the question for everybody, YYYY-MM-DD.")
    ] = None,
    settings: Annotated[
        str, typer.Option("--settings", help="A settings profile, or a YAML file of a site.")
    ] = "default",
    check: Annotated[
        int, typer.Option("--check", min=0, help="Decide so many patients again at the bedside.")
    ] = 0,
    answers: Annotated[str, typer.Option("--format", help="parquet or csv.")] = "parquet",
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="A column no rule shall read; repeat it.")
    ] = None,
    whole: Annotated[
        list[str] | None,
        typer.Option("--whole", help="trials, medications or surgeries: complete for everybody."),
    ] = None,
    chunk: Annotated[
        int,
        typer.Option("--chunk", min=10, help="Patients decided at once: memory against speed."),
    ] = 100_000,
    master: Annotated[
        str, typer.Option("--master", help="With --backend spark: the cluster.")
    ] = "local[*]",
) -> None:
    """Decide everybody in a cohort."""
    from api.cohort.engines import BACKENDS
    from api.cohort.run import Order
    from api.cohort.shape import LISTS
    from api.library import get_pathway

    profile, changed = choose_settings(settings)
    settings = profile or "default"
    if not Path(source).exists():
        help = "name a Parquet, CSV or NDJSON file, or a folder"
        raise _refused("cannot-read", "there is no such file or folder", help, "INPUT")
    _choice(backend, BACKENDS, "--backend")
    _choice(answers, ("parquet", "csv"), "--format")
    _choice(settings, tuple(get_pathway(PATHWAY).profiles), "--settings")
    for each in whole or ():
        _choice(each, LISTS, "--whole")
    order = Order(
        source=Path(source), out=Path(out), pathway=PATHWAY, backend=backend,
        on=None if on is None else read_day(on), settings=settings, changed=changed,
        answers=answers, ignore=tuple(ignore or ()), whole=tuple(whole or ()), master=master,
        chunk=chunk,
    )  # fmt: skip
    _run(order, check)


@cohort_app.command("synth", epilog=f"\b\nShares:\n{table()}")
def cohort_synth(
    count: Annotated[int, typer.Argument(metavar="N", min=1, max=100_000_000, help="Patients.")],
    out: Annotated[str, typer.Option("--out", help="The folder for the tables.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same people.")] = 1,
) -> None:
    """Invent N patients, labelled synthetic: with gaps, oddities and faults in the shares below."""
    from api.cohort.run import check_empty
    from api.cohort.synth import synthesise
    from api.library import get_pathway

    check_empty(Path(out))
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        help = "give another folder with --out"
        raise _refused("cannot-write", "the folder cannot be written", help, "--out") from error
    rows = synthesise(get_pathway(PATHWAY), count, seed, Path(out))
    print(
        f"invented: {', '.join(f'{of} {name}' for name, of in rows.items())}; nobody of them exists"
    )


@cohort_app.command("report")
def cohort_report(
    folder: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a finished run.")],
    html: Annotated[str, typer.Option("--html", help="The page goes here.")],
    before: Annotated[
        str | None, typer.Option("--before", help="An earlier run, for the flow between the two.")
    ] = None,
) -> None:
    """Write one page with plots and tables about a finished run."""
    from api.cohort.manifest import put
    from api.cohort.report.page import write_report
    from api.library import get_pathway

    earlier = None if before is None else Path(before)
    page = write_report(get_pathway(PATHWAY), Path(folder), earlier)
    try:
        size = put(Path(html), lambda to: to.write(page.encode()))
    except StorageError as error:
        help = "give a file in a folder that exists"
        raise _refused("cannot-write", "the page cannot be written", help, "--html") from error
    print(f"reported: {size // 1024} KiB of HTML, no script, nothing from elsewhere")


def _run(order: Any, count: int) -> None:
    from api.cohort.check import check as check_sample
    from api.cohort.manifest import alone
    from api.cohort.run import Run

    holds = True
    with alone(order.out):
        run = Run(order, dt.date.today())
        run.decide()
        manifest = run.manifest
        for line in said(run):
            print(line)
        if count:
            checked = check_sample(run, count)
            holds = not checked.differing
            for line in checked.lines():
                print(line)
            print(
                f"checked: {checked.patients} decided again at the bedside, {checked.differing} differ"
            )
        run.finish()
    left_out, faults = manifest.count("left_out"), manifest.count("faults")
    print(
        f"{manifest.count('patients')} patients decided, {left_out} left out ({faults} faults in errors.ndjson)"
    )
    raise typer.Exit(EXIT_OK if holds and not faults else EXIT_NOT_SO)


def said(run: Any) -> list[str]:
    """Return what a reader of the answers has to know, beside the numbers."""
    about, manifest, lines = run.manifest.about, run.manifest, []
    if about["synthetic"]:
        lines.append("synthetic: nobody of these people exists")
    if about["ignored"]:
        lines.append(f"left aside, as asked: {', '.join(about['ignored'])}")
    for name in manifest.notes.get("lost_rows", ()):
        lines.append(
            f"rows of {name} were lost and nobody can tell whose: every list of {name} counts as incomplete"
        )
    if strangers := manifest.count("strangers"):
        lines.append(f"{strangers} rows tell of patients who are not in the cohort")
    if repeated := manifest.count("repeated"):
        lines.append(
            f"{repeated} rows said the same as another row of the patient and counted once"
        )
    if unread := manifest.count("not_used"):
        lines.append(
            f"{unread} entries of records could not be turned into facts (column not_used)"
        )
    return lines


def _choice(word: str, allowed: tuple[str, ...], where: str) -> None:
    if word not in allowed:
        help = f"use one of {', '.join(allowed)}"
        raise _refused("not-a-choice", "there is no such choice", help, where)


def _refused(code: str, message: str, help: str, where: str) -> InputError:
    return InputError(Problem(code=code, message=message, help=help, where=where))
