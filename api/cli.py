"""The command `steppedcare`: answers on standard output, all else on standard error, exit code by kind of failure.

Heavy parts are imported by the command that needs them; `decide` must start fast.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cohort.command import cohort_app
from api.errors import EXIT_NOT_SO, EXIT_OK, exit_code
from schemas.errors import InputError, NotFoundError, Problem, SteppedCareError

app = typer.Typer(
    name="steppedcare",
    help="Suggested next steps for a patient with failed back surgery syndrome, and why. It never orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cases_app = typer.Typer(help="The built-in patients.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cases_app, name="cases")
log_app = typer.Typer(
    help="The decision log that STEPPEDCARE_DATABASE and STEPPEDCARE_LOG_KEY_FILE name.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(log_app, name="log")
app.add_typer(cohort_app, name="cohort")

keys_app = typer.Typer(
    help="The API keys in the file that STEPPEDCARE_KEYS names (default: keys.sqlite3).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(keys_app, name="keys")

PATHWAY = "fbss"
MOST_READ = 4 * 1024 * 1024 + 1
"""Bytes; what reads the input afterwards refuses more than it allows."""
File = Annotated[
    str, typer.Argument(metavar="FILE|-", help="A patient as JSON, or - for standard input.")
]
On = Annotated[
    str | None, typer.Option("--on", help="Date of the question, YYYY-MM-DD (default: today).")
]
Settings = Annotated[
    str | None, typer.Option("--settings", help="A settings profile, or a YAML file of a site.")
]
Format = Annotated[str, typer.Option("--format", help="text or json.")]


def main() -> None:
    """Run the command; every error of ours becomes two lines and an exit code."""
    try:
        app()
    except SteppedCareError as error:
        for problem in error.problems:
            print(f"{problem.code}: {problem}", file=sys.stderr)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        sys.exit(EXIT_OK)
    except Exception as error:
        # The message of somebody else's error may hold what a patient told us.
        print(f"internal: something went wrong here ({type(error).__name__})", file=sys.stderr)
        sys.exit(EXIT_NOT_SO)


def read_input(file: str) -> bytes:
    """Return the bytes of *file*, or of standard input for `-`; raise InputError when it cannot be read."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(MOST_READ)
        with Path(file).open("rb") as source:
            return source.read(MOST_READ)
    except OSError as error:
        raise InputError(
            Problem(
                code="cannot-read",
                message="the file cannot be read",
                help="give the path of a JSON file, or - for standard input",
                where="FILE",
            )
        ) from error


def read_patient(
    file: str, on: str | None, settings: str | None
) -> tuple[Any, dict[str, Decimal] | None]:
    """Return the input object with the options put in, and a site's own settings when a file was named."""
    from api.strict_json import read_json

    data = read_json(read_input(file))
    changed = None
    if isinstance(data, dict):
        if on is not None:
            data["on"] = on
        if settings is not None:
            if settings.endswith((".yaml", ".yml")):
                changed = site_settings(settings)
            else:
                data["settings"] = settings
    return data, changed


def site_settings(file: str) -> dict[str, Decimal]:
    """Read a site's settings file; every value must lie inside the range of its setting."""
    from api.library import get_pathway
    from pathways.profiles import read_profile
    from schemas.errors import PathwayError, SettingsError

    text = read_input(file).decode("utf-8", errors="replace")
    try:
        return read_profile(text, Path(file).name, get_pathway(PATHWAY).settings)
    except PathwayError as error:
        raise SettingsError(*error.problems) from error


def read_day(text: str) -> dt.date:
    """Return the day *text* writes as YYYY-MM-DD; raise InputError when it writes none."""
    from schemas.facts import parse_partial_date

    try:
        day = parse_partial_date(text)
    except ValueError:
        day = None
    if day is None or day.earliest != day.latest:
        raise InputError(
            Problem(
                code="not-a-date",
                message="the date of the question is not a date",
                help="write it as YYYY-MM-DD",
                where="--on",
            )
        )
    return day.earliest


def check_format(format: str) -> None:
    """Raise InputError for an output format nobody has."""
    if format not in ("text", "json"):
        raise InputError(
            Problem(
                code="not-a-choice",
                message="no such format",
                help="use text or json",
                where="--format",
            )
        )


@app.command()
def decide(file: File, on: On = None, settings: Settings = None, format: Format = "text") -> None:
    """Suggest the next steps for one patient."""
    from api.service import decide_input

    check_format(format)
    data, changed = read_patient(file, on, settings)
    decision = decide_input(PATHWAY, data, dt.date.today(), changed)
    if format == "json":
        print(decision.model_dump_json())
    else:
        from api.text import decision_text

        print(decision_text(decision), end="")
    print(f"decided: {decision.urgency.value}, {decision.state.value}", file=sys.stderr)


@app.command()
def explain(file: File, on: On = None, settings: Settings = None, format: Format = "text") -> None:
    """Explain a decision: why, why not, what to ask next, what would change it."""
    from api.companion import get_companion
    from api.service import read_checked

    check_format(format)
    data, changed = read_patient(file, on, settings)
    patient = read_checked(PATHWAY, data, dt.date.today())
    explanation = get_companion(PATHWAY, changed).explain(patient)
    if format == "json":
        print(explanation.model_dump_json())
    else:
        from api.explain_text import explanation_text

        print(explanation_text(explanation), end="")
    tried = sum(len(each.ways) for each in explanation.counterfactuals)
    print(f"explained: 10 verdicts, {tried} ways to change them", file=sys.stderr)


@app.command("what-if")
def what_if(
    before: File,
    after: Annotated[str, typer.Argument(metavar="B", help="The same patient with a difference.")],
    on: On = None,
    settings: Settings = None,
    format: Format = "text",
) -> None:
    """Compare the answers for two inputs."""
    from api.companion import get_companion
    from api.service import read_checked

    check_format(format)
    patients = []
    for file in (before, after):
        data, changed = read_patient(file, on, settings)
        patients.append(read_checked(PATHWAY, data, dt.date.today()))
    found = get_companion(PATHWAY, changed).what_if(*patients)
    if format == "json":
        print(found.model_dump_json())
    else:
        from api.explain_text import what_if_text

        print(what_if_text(found), end="")
    print(f"compared: {len(found.verdicts)} verdicts differ", file=sys.stderr)


@app.command()
def journey(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="One input per visit, in order.")
    ],
    settings: Settings = None,
    format: Format = "text",
) -> None:
    """Follow one patient over several visits."""
    from api.companion import decide_journey

    check_format(format)
    visits = [read_patient(file, None, settings)[0] for file in files]
    found = decide_journey(PATHWAY, visits, dt.date.today())
    if format == "json":
        print(found.model_dump_json())
    else:
        from api.explain_text import journey_text

        print(journey_text(found), end="")
    print(f"followed: {len(found.visits)} visits", file=sys.stderr)


@app.command()
def replay(file: File) -> None:
    """Decide a printed decision again and compare it byte for byte."""
    from api.reports import replay_report
    from api.strict_json import read_json

    data = read_json(read_input(file), limit=4 * 1024 * 1024)
    _finish(lambda: replay_report(PATHWAY, data))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
    tls_certificate: Annotated[
        str | None, typer.Option("--tls-certificate", help="PEM file: certificate and chain.")
    ] = None,
    tls_key: Annotated[
        str | None, typer.Option("--tls-key", help="PEM file: its key, for the owner only.")
    ] = None,
) -> None:
    """Serve on this machine; beyond it only with callers asked who they are, and TLS."""
    from api.serve import serve as run

    run(host, port, workers, tls_certificate, tls_key)


@app.command("settings")
def settings_(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a page.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Would the service start with this environment?")
    ] = False,
) -> None:
    """List what a site can set, with type, default and meaning."""
    from api.deployment import report, settings_page

    if markdown:
        print(settings_page.settings_page(), end="")
    elif check:
        _finish(lambda: report.check_report(os.environ))
    else:
        _finish(report.settings_report)


@app.command()
def sbom(
    lock: Annotated[
        str | None, typer.Option("--lock", help="A lock file: compare instead of printing.")
    ] = None,
) -> None:
    """Print what is installed as a bill of materials (CycloneDX), or compare it with a lock file."""
    from api.deployment.report import sbom_report

    _finish(lambda: sbom_report(lock))


@app.command()
def intact() -> None:
    """Tell whether every installed file is the one that was released."""
    from api.deployment.report import intact_report

    _finish(intact_report)


@app.command()
def feedback(
    file: Annotated[str, typer.Argument(help="The state file of the CDS Hooks door.")],
) -> None:
    """Count which cards EHRs have shown, and what became of them."""
    from api.cds_hooks.report import feedback_report

    _finish(lambda: feedback_report(file))


@app.command()
def ledger(
    source: Annotated[
        str | None, typer.Option("--source", help="The founding document, to check against.")
    ] = None,
) -> None:
    """Account for every statement of the founding document."""
    from api.reports import ledger_report

    _finish(lambda: ledger_report(PATHWAY, source))


@app.command()
def verify(
    coverage: Annotated[bool, typer.Option("--coverage", help="What no patient reaches.")] = False,
    hazards: Annotated[
        bool, typer.Option("--hazards", help="The hazard log with its tests.")
    ] = False,
    mutation: Annotated[
        bool, typer.Option("--mutation", help="Change the documents: which changes are noticed?")
    ] = False,
    sample: Annotated[
        float, typer.Option("--sample", min=1, max=100, help="With --mutation: percent tried.")
    ] = 100.0,
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove the safety statements over all patients.")
    ] = False,
    certificate: Annotated[
        str | None, typer.Option("--certificate", help="With --prove: a file for the certificate.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="With --prove: the time it may take.")
    ] = None,
) -> None:
    """Check the pathway itself: its documents, what its patients reach, its hazards, its proofs, its tests."""
    if prove:
        from api.proof_report import proof_report

        _finish(lambda: proof_report(PATHWAY, certificate, seconds, _tell))
    elif mutation:
        from api.mutation_report import mutation_report

        _finish(lambda: mutation_report(PATHWAY, sample, _tell_aside))
    elif hazards:
        from api.hazard_report import find_tests, hazard_report

        _finish(lambda: hazard_report(find_tests()))
    elif coverage:
        from api.verify import coverage_report

        _finish(lambda: coverage_report(PATHWAY))
    else:
        from api.verify import verify_report

        _finish(lambda: verify_report(PATHWAY))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A folder of pathway documents.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another one.")],
    cohort: Annotated[
        str | None, typer.Option("--cohort", help="One input of `decide` a line.")
    ] = None,
) -> None:
    """Compare two versions of a pathway: what they say, and whose answer changes."""
    from api.documents_report import diff_report

    _finish(lambda: diff_report(old, new, cohort, dt.date.today()))


@app.command()
def batch(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="A Bulk Data export: Patient.000.ndjson, ...")
    ],
    out: Annotated[str, typer.Option("--out", help="One decision a line goes here.")],
    errors: Annotated[str, typer.Option("--errors", help="What could not be used goes here.")],
    on: On = None,
    settings: Settings = None,
    record: Annotated[
        bool, typer.Option("--record", help="Keep every decision in the decision log as well.")
    ] = False,
) -> None:
    """Decide every patient of a FHIR Bulk Data folder."""
    from api.fhir.batch_report import batch_report

    day = None if on is None else read_day(on)
    changed = None
    if settings is not None and settings.endswith((".yaml", ".yml")):
        changed, settings = site_settings(settings), None
    _finish(
        lambda: batch_report(
            PATHWAY,
            folder,
            out,
            errors,
            day or dt.date.today(),
            settings or "default",
            changed,
            os.environ if record else None,
        )
    )


@app.command()
def card(on: On = None) -> None:
    """Print the transparency card: what the pathway reads, cites, and has not been shown to do."""
    from api.documents_report import card_report

    _finish(lambda: card_report(PATHWAY, dt.date.fromisoformat(on) if on else dt.date.today()))


@app.command()
def diagram(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="A patient, for the position.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="svg, mmd, dot or text.")] = "text",
) -> None:
    """Draw the pathway, with the patient's position when one is given."""
    from api.diagrams import draw

    data = None if file is None else read_patient(file, None, None)[0]
    print(draw(PATHWAY, data, format, dt.date.today()), end="")


@cases_app.command("list")
def cases_list() -> None:
    """List the built-in patients."""
    from api.library import get_cases

    cases = get_cases(PATHWAY)
    for case in cases:
        print(f"{case.id}  {case.title}")
    print(f"{len(cases)} patients")


@cases_app.command("show")
def cases_show(id: str) -> None:
    """Print one built-in patient as the input of `decide`."""
    from api.library import get_cases
    from api.strict_json import write_json

    for case in get_cases(PATHWAY):
        if case.id.lower() == id.lower():
            print(write_json(case.input))
            return
    raise NotFoundError(
        Problem(
            code="unknown-case",
            message="there is no such patient",
            help="`steppedcare cases list` names them all",
            where="ID",
        )
    )


@cases_app.command("check")
def cases_check() -> None:
    """Decide all built-in patients again and compare with what is expected of them."""
    from api.reports import cases_report

    _finish(lambda: cases_report(PATHWAY))


@log_app.command("verify")
def log_verify(
    head: Annotated[
        str | None, typer.Option("--head", help="PLACE:CODE that an earlier check printed.")
    ] = None,
) -> None:
    """Check every entry of the log, its order, and that nothing is gone."""
    from api.log_report import verify_log

    _finish(lambda: verify_log(os.environ, head))


@log_app.command("export")
def log_export(
    begin: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
) -> None:
    """Print the log, one entry a line as JSON."""
    from api.log_report import export_log

    print(export_log(os.environ, print, begin, end), file=sys.stderr)


@log_app.command("prune")
def log_prune(
    before: Annotated[
        str, typer.Option("--before", help="The first day that is kept, YYYY-MM-DD.")
    ],
) -> None:
    """Remove the content of old entries; their links stay, so that the log can still be checked."""
    from api.log_report import prune_log

    _finish(lambda: prune_log(os.environ, before, dt.datetime.now(dt.UTC)))


@log_app.command("step")
def log_step(
    to: Annotated[str | None, typer.Option("--to", help="Take the tables there first.")] = None,
) -> None:
    """Tell at which step the tables of the log are; an older program needs an older step."""
    from api.deployment.log_step import step_report

    _finish(lambda: step_report(os.environ, to))


@keys_app.command("add")
def keys_add(
    label: Annotated[str, typer.Option("--label", help="Who gets it.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="decide, read-decisions or audit; may be repeated.")
    ],
    tenant: Annotated[
        str, typer.Option("--tenant", help="Whose decisions it asks for and reads.")
    ] = "",
    days: Annotated[int, typer.Option("--days", help="How long it holds.", min=1, max=730)] = 365,
) -> None:
    """Make a key and print it, this once."""
    from api.keys_report import add_key

    key, result = add_key(os.environ, label, scope, tenant, days, dt.datetime.now(dt.UTC))
    print(key)
    print(result, file=sys.stderr)


@keys_app.command("list")
def keys_list() -> None:
    """List the keys; none can be read back."""
    from api.keys_report import list_keys

    _finish(lambda: list_keys(os.environ, dt.datetime.now(dt.UTC)))


@keys_app.command("revoke")
def keys_revoke(id: str) -> None:
    """Take a key back: a running service refuses it from now on."""
    from api.keys_report import revoke_key

    _finish(lambda: revoke_key(os.environ, id, dt.datetime.now(dt.UTC)))


def _tell(line: str) -> None:
    """Print a line at once: what takes minutes shows how far it is."""
    print(line, flush=True)


def _tell_aside(line: str) -> None:
    """Print a line beside the answer, on standard error."""
    print(line, file=sys.stderr, flush=True)


def _finish(report: Callable[[], tuple[list[str], str, bool]]) -> None:
    """Print a report and its result line; exit 0 only when it holds."""
    lines, result, holds = report()
    for line in lines:
        print(line)
    print(result)
    raise typer.Exit(EXIT_OK if holds else EXIT_NOT_SO)
