"""The proofs of a pathway: run, told statement by statement, and kept as a certificate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from api.library import get_decider, get_pathway, program_version
from api.reports import Report
from api.solver import need_solver
from rules.canonical import canonical_json
from schemas.errors import InputError, Problem
from schemas.proof import Certificate, CounterExample, ProvedStatement

BUDGET_SECONDS = 900.0


def proof_report(
    id: str,
    certificate: str | None = None,
    seconds: float | None = None,
    tell: Callable[[str], None] | None = None,
) -> Report:
    """Prove every statement about a pathway, over all patients and every allowed setting.

    *certificate*: a file the certificate is written to, as JSON. *tell* is given a line for each statement as it is
    done. Raises InputError when the solver is not installed or the file cannot be written.
    """
    need_solver("--prove", "proofs need")
    if certificate is not None:
        _check_place(Path(certificate))
    from rules.proof.certificate import prove

    decider = get_decider(id)
    found = prove(
        get_pathway(id),
        decider.network,
        None,
        BUDGET_SECONDS if seconds is None else seconds,
        clock=time.monotonic,
        program=program_version(),
        progress=None if tell is None else lambda each: tell(_line(each)),
    )
    if certificate is not None:
        _write(found, certificate)
    lines = [line for each in found.statements for line in _details(each)]
    result = (
        f"{found.proved} of {len(found.statements)} statements proved over all patients, "
        f"{len(found.assumptions)} impossible combinations left out, {found.seconds:.0f} s"
    )
    return lines, result, found.holds


def _line(each: ProvedStatement) -> str:
    standing = "proved" if each.proved else "NOT PROVED" if each.checked else "NOT LOOKED AT"
    number = "" if each.covered is None else f" ({each.covered} found)"
    return f"{each.id} {standing}{number}: {each.sentence}"


def _details(each: ProvedStatement) -> Iterator[str]:
    """Yield what a reader must know beside the sentence: exceptions, and what is wrong."""
    for exception in each.exceptions:
        yield f"exception to {each.id}: {exception.name} {exception.what}: {exception.argument}"
    for name in each.open:
        yield f"{each.id} is open: {name}"
    if each.counter_example is not None:
        yield from _example(each.id, each.counter_example)


def _example(id: str, example: CounterExample) -> Iterator[str]:
    again = "decided again with" if example.reproduced else "NOT reproduced by deciding, without"
    yield f"{id} does not hold: {example.shows}; {again} the same result"
    for name, value in example.settings.items():
        yield f"    under the setting {name} = {value}"
    # One line each, so that it can be handed to `decide` as it stands.
    for patient in example.patients:
        yield f"    {canonical_json(patient)}"


def _write(certificate: Certificate, path: str) -> None:
    try:
        Path(path).write_text(certificate.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise _unwritable() from error


def _check_place(file: Path) -> None:
    """Raise InputError where *file* cannot stand, before the minutes that proofs take."""
    if file.is_dir() or not file.parent.is_dir():
        raise _unwritable()


def _unwritable() -> InputError:
    return InputError(
        Problem(
            code="unwritable-file",
            message="the certificate cannot be written",
            help="name a file in a folder that exists and can be written to",
            where="--certificate",
        )
    )
