"""Reports of the command line: lines, one line that states the result, and whether it holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from api.library import get_cases, get_decider, get_pathway, get_vignettes, pathway_files
from api.service import get_checker
from pathways.account import read_ledger, uses_of_statements
from rules.expectations import differences
from rules.explaining.replay import check_versions
from rules.explaining.replay import compare as compare_decisions
from rules.invariants import Case, check
from rules.learning import wrong_answers
from rules.ledger import compare
from schemas.errors import InputError, Problem
from schemas.explanation import Replay
from schemas.vignette import Vignette

Report = tuple[list[str], str, bool]


def cases_report(id: str) -> Report:
    """Decide every look of every built-in patient again; the last line says how many came out as expected.

    As expected is a decision that says what the vignette states, bears out the written answers to its questions and
    breaks no law of decisions.
    """
    return _checked(id, get_cases(id))


def _checked(id: str, cases: tuple[Vignette, ...]) -> Report:
    lines, good, total = [], 0, 0
    for vignette, name, wrong in _judged(id, cases):
        total += 1
        good += not wrong
        lines.append(f"{vignette} {'as expected' if not wrong else 'DIFFERS'}: {name}")
        lines += [f"    {text}" for text in wrong]
    return lines, f"{good} of {total} as expected", good == total


def _judged(id: str, cases: tuple[Vignette, ...]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield for every look: the vignette's id, the look's name, and what is wrong with the decision."""
    decider, checker = get_decider(id), get_checker(id)
    for vignette in cases:
        for look in vignette.looks:
            patient = checker.check(look.input, dt.date.min)
            decision = decider.decide(patient)
            wrong = [*differences(decision, look.expect), *wrong_answers(decision, look)]
            if decision.incomplete:
                wrong.append(f"incomplete: {', '.join(decision.faults)}")
            settings = decider.voices.settings(patient.settings)
            wrong += check(
                Case(decider.pathway, decider.network, settings, look.input, patient, decision)
            )
            yield vignette.id, look.name, wrong


def not_ready(id: str) -> Iterator[str]:
    """Yield the name of every test patient that does not come out right; one patient between two of them.

    Yields an empty text for a patient with whom nothing was wrong, so that others get their turn. A service asks
    this before it takes calls, so the teaching cases are left to `cases check`.
    """
    for vignette, _, wrong in _judged(id, get_vignettes(id)):
        yield vignette if wrong else ""


def replay_result(id: str, recorded: Any) -> Replay:
    """Decide again what stands in *recorded* (a printed decision) and compare the two byte for byte.

    Raises InputError when it is no decision, or was made with documents or a program that are not here.
    """
    decider = get_decider(id)
    check_versions(
        recorded if isinstance(recorded, dict) else {},
        decider.pathway.content_hash,
        decider.program,
    )
    used = recorded.get("settings", {}).get("used", ())
    changed = {each["name"]: Decimal(str(each["value"])) for each in used if each["changed"]}
    patient = get_checker(id).check(recorded["input"], dt.date.min)
    made = decider.decide(patient, changed or None)
    return compare_decisions(plain_numbers(recorded), made.model_dump(mode="json"))


def replay_report(id: str, recorded: Any) -> Report:
    """Replay *recorded* and report every place that differs."""
    found = replay_result(id, recorded)
    verdict = "the same bytes" if found.same else f"{len(found.differences)} differences"
    return list(found.differences), f"replayed: {verdict}", found.same


def plain_numbers(value: Any) -> Any:
    """Return *value* with Decimals as a JSON writer would write them."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: plain_numbers(item) for key, item in value.items()}
    return [plain_numbers(item) for item in value] if isinstance(value, list) else value


def ledger_report(id: str, source: str | None = None) -> Report:
    """List every statement with its class, what became of it and what cites it; check a copy of the document."""
    ledger = read_ledger(pathway_files(id)["ledger.yaml"])
    uses = uses_of_statements(get_pathway(id))
    lines, open_ends = [], []
    for statement in ledger.statements:
        cited = uses.get(statement.id, ())
        lines.append(
            f"{statement.id:<4} line {statement.line:<4} {statement.kind.value}: {statement.says}"
        )
        lines.append(f"       became: {'; '.join(statement.becomes)}")
        lines.append(f"       cited by: {', '.join(cited) if cited else 'nothing'}")
        if not cited and statement.kind.value == "rule" and not statement.becomes:
            open_ends.append(statement.id)
    total = len(ledger.statements)
    if source is None:
        result = f"{total - len(open_ends)} of {total} statements accounted for"
        return lines, result, not open_ends
    try:
        text = Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            Problem(
                code="cannot-read",
                message="the document cannot be read",
                help="give the path of a UTF-8 text file",
                where="--source",
            )
        ) from error
    report = compare(ledger, text)
    lines = [f"changed or removed: {each}" for each in report.missing]
    lines += [
        f"not in the ledger: line {s.line}, fingerprint {s.fingerprint}" for s in report.unaccounted
    ]
    lines += [f"moved: {m.id} from line {m.ledger_line} to line {m.line}" for m in report.moved]
    holds = report.complete and not open_ends
    result = f"{len(report.accounted)} of {total} statements found in the document"
    return lines, f"{result}; {len(report.unaccounted)} sentences unaccounted for", holds
