"""Reports on the pathway itself: diagnostics, coverage by patients, mutation score."""

from __future__ import annotations

import datetime as dt

from api.library import get_codes, get_decider, get_pathway, get_vignettes
from api.reports import Report
from api.service import get_checker
from rules.verification.border import border_patients
from rules.verification.coverage import coverage
from rules.verification.diagnose import diagnose
from schemas.verification import Unseen


def verify_report(id: str) -> Report:
    """Check the documents beyond what the loader refuses: gaps, overlaps, dead and hidden rules, unused names."""
    pathway, decider = get_pathway(id), get_decider(id)
    codes = get_codes(id)
    found = diagnose(pathway, decider.network, decider.voices.settings("default"))
    lines = [f"{each.severity} {each.code}: {each}" for each in found]
    errors = sum(each.severity == "error" for each in found)
    concepts = sum(len(group) for group in codes.concepts.values())
    result = (
        f"{errors} errors, {len(found) - errors} warnings in {len(pathway.rules)} rules, "
        f"{len(pathway.findings)} findings, {concepts} coded concepts"
    )
    return lines, result, errors == 0


def coverage_report(id: str) -> Report:
    """Decide every built-in patient and every patient at a border, and list what none of them reaches."""
    decider, checker = get_decider(id), get_checker(id)
    looks = [look.input for case in get_vignettes(id) for look in case.looks]
    borders = border_patients(decider.pathway, decider.network, checker)
    found = coverage(decider, checker, [*looks, *(b.input for b in borders)], dt.date.min)
    lines = [f"never fired: rule {name}" for name in found.never_fired]
    lines += [_unseen("conclusion", each) for each in found.unseen_conclusions]
    lines += [_unseen("comparison", each) for each in found.unseen_comparisons]
    lines += [f"cannot be {e.outcome}: {e.condition} ({e.where})" for e in found.cannot]
    lines += [f"no trial was judged {word}" for word in found.outcomes_never]
    holds = not (
        found.never_fired
        or found.unseen_conclusions
        or found.unseen_comparisons
        or found.outcomes_never
    )
    fired = found.rules - len(found.never_fired)
    seen = found.comparisons - len(found.unseen_comparisons)
    result = (
        f"{found.patients} patients: {fired} of {found.rules} rules fired, "
        f"{seen} of {found.comparisons} comparisons seen both ways"
    )
    return lines, result, holds


def _unseen(what: str, each: Unseen) -> str:
    return f"{what} never {each.outcome}: {each.condition} in {each.node} ({each.where})"
