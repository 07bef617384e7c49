"""Mutation of the documents as a report: who noticed what, and why nobody noticed the rest."""

from __future__ import annotations

from collections.abc import Callable

from api.library import get_decider, get_vignettes
from api.reports import Report
from api.service import get_checker
from api.solver import need_solver
from schemas.verification import Score, Survivor

TOLD_EVERY = 500
"""Mutants, after which it is told how far the run is."""


def mutation_report(
    id: str, percent: float = 100.0, tell: Callable[[str], None] = lambda line: None
) -> Report:
    """Try small wrong changes of the documents on every built-in patient and every patient at a border.

    *percent* of the changes are tried, spread evenly. *tell* is given a line now and then. Holds when all in the parts
    about red signs, blocks and opioids and 95 % of the whole are noticed, what changes no answer not counted. Raises
    InputError when the solver is not installed.
    """
    need_solver("--mutation", "tells which changes nobody can notice")
    from rules.verification.backwards.candidates import ANY_DAY
    from rules.verification.bench import lay_benches
    from rules.verification.border import border_patients
    from rules.verification.mutants import mutants
    from rules.verification.mutation import mutation_score, sample_of, targets_hold

    decider, checker = get_decider(id), get_checker(id)
    border = border_patients(decider.pathway, decider.network, checker)
    benches = lay_benches(decider, checker, get_vignettes(id), border, ANY_DAY)
    chosen = sample_of(list(mutants(decider.pathway, decider.network)), percent)
    tried = 0

    def progress() -> None:
        nonlocal tried
        tried += 1
        if tried % TOLD_EVERY == 0:
            tell(f"{tried} of {len(chosen)} changes tried")

    found = mutation_score(benches, chosen, progress)
    lines = [_survivor(each) for each in found.survivors]
    lines += [f"{part}: {_score(score)}" for part, score in found.parts.items()]
    lines.append(f"by what the vignettes state alone: {_score(found.by_vignettes)}")
    result = f"{found.patients} patients: {_score(found.total)}, {found.total.percent:.1f} %"
    return lines, result, targets_hold(found)


def _score(score: Score) -> str:
    counted = score.mutants - score.equivalent
    return f"{score.killed} of {counted} changes noticed, {score.equivalent} more change no answer"


def _survivor(each: Survivor) -> str:
    standing = "changes no answer" if each.equivalent else "NOT NOTICED"
    return f"{standing}: {each.where}: {each.subject}: {shortened(each.says)}\n    {each.why}"


def shortened(says: str) -> str:
    """Return a change with the words both sides begin and end with left out."""
    about, colon, change = says.rpartition(": ")
    old, arrow, new = change.partition(" -> ")
    before, after = old.split(), new.split()
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    if not arrow or head + tail < 3:
        return says
    # A word to each side stays, for the eye.
    first, last = max(0, head - 2), max(0, tail - 2)
    sides = (" ".join(words[first : len(words) - last]) for words in (before, after))
    dots = ("... " if first else "", " ..." if last else "")
    return about + colon + " -> ".join(f"{dots[0]}{side}{dots[1]}" for side in sides)


def _common(left: list[str], right: list[str]) -> int:
    pairs = zip(left, right, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
