"""The report on two versions as plain text; its last line states the result."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from schemas.versions import AnswerChange, CohortImpact, PartChange, VersionReport

WIDTH = 100
_MOST_NAMES = 8


def version_text(report: VersionReport) -> str:
    """Return the whole report; every changed entry, look and transition is named."""
    return "\n".join(_lines(report)) + "\n"


def result_line(report: VersionReport) -> str:
    """Say in one line what separates the two versions."""
    if report.same:
        return "nothing changed"
    parts, looks = len(report.parts), sum(look.change.differs for look in report.looks)
    said = [f"{parts} {'entry' if parts == 1 else 'entries'} changed"]
    said.append(f"{looks} of {report.looks_compared} looks answered differently")
    if report.unreadable:
        names = {(each.vignette, each.look) for each in report.unreadable}
        said.append(f"{len(names)} looks could not be compared")
    if report.cohort is not None:
        said.append(_cohort_result(report.cohort))
    return "; ".join(said)


def _wrap(text: str, first: str, rest: str | None = None) -> str:
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _lines(report: VersionReport) -> Iterator[str]:
    for word, name in (("Old", report.old), ("New", report.new)):
        yield f"{word} {name.pathway} {name.version} · documents {name.content_hash[:16]}"
    if not report.parts and report.old.content_hash != report.new.content_hash:
        yield _wrap(
            "The documents differ in prose or in files beside the pathway, not in what it says.", ""
        )
    yield from _parts(report.parts)
    yield ""
    yield f"BUILT-IN PATIENTS ({report.looks_compared} looks compared)"
    for look in report.looks:
        if look.change.differs:
            yield _wrap(f"{look.vignette}, {look.look}: {look.title}", "  - ")
            yield from (_wrap(text, "      ") for text in _answer(look.change))
    reasons = [look for look in report.looks if not look.change.differs]
    if reasons:
        yield "  Same answer, other reasons, cautions or advice:"
        for look in reasons:
            said = "; ".join(_rules(look.change))
            yield _wrap(f"{look.vignette}, {look.look}: {said}", "  - ")
    for each in report.unreadable:
        codes = ", ".join(each.codes)
        yield _wrap(
            f"{each.vignette}, {each.look}: the {each.version} version cannot read it ({codes})",
            "  - ",
        )
    if not report.looks and not report.unreadable:
        yield "  no look is answered differently"
    if report.cohort is not None:
        yield from _cohort(report.cohort)
    yield ""
    yield result_line(report)


def _parts(parts: Iterable[PartChange]) -> Iterator[str]:
    yield ""
    yield "WHAT THE DOCUMENTS SAY"
    nothing = True
    for change in parts:
        nothing = False
        where = f" ({change.place})" if change.place else ""
        yield _wrap(f"{change.kind} {change.part} `{change.id}`{where}", "  - ")
        for field in change.fields:
            match change.kind:
                case "added":
                    yield _wrap(f"{field.field}: {field.after}", "      ")
                case "removed":
                    yield _wrap(f"{field.field} was: {field.before}", "      ")
                case _:
                    yield _wrap(f"{field.field} was: {field.before or 'nothing'}", "      ")
                    yield _wrap(f"{field.field} is:  {field.after or 'nothing'}", "      ")
        if change.read_by:
            more = len(change.read_by) - _MOST_NAMES
            rest = f" and {more} more" if more > 0 else ""
            names = ", ".join(change.read_by[:_MOST_NAMES])
            yield _wrap(f"bears on: {names}{rest}", "      ")
    if nothing:
        yield "  the same"


def _answer(change: AnswerChange) -> Iterator[str]:
    directions = [each for each in (change.urgent, change.invasive) if not each.startswith("as-")]
    if directions:
        yield ", ".join(each.replace("-", " ") for each in directions).upper()
    if change.urgency:
        yield f"urgency: {change.urgency[0]} -> {change.urgency[1]}"
    if change.state:
        yield f"state: {change.state[0]} -> {change.state[1]}"
    for word, signs in (("gained", change.signs_gained), ("lost", change.signs_lost)):
        if signs:
            yield f"red signs {word}: {', '.join(signs)}"
    if change.screen_complete is not None:
        yield "the red-sign screen is " + (
            "now complete" if change.screen_complete[1] else "no longer complete"
        )
    for shift in change.verdicts:
        yield f"{shift.treatment}: {shift.before or 'unknown'} -> {shift.after or 'unknown'}"
    yield from _rules(change)


def _rules(change: AnswerChange) -> Iterator[str]:
    if change.rules_gained:
        yield f"rules that hold now: {', '.join(change.rules_gained)}"
    if change.rules_lost:
        yield f"rules that no longer hold: {', '.join(change.rules_lost)}"


def _share(count: int, whole: int) -> str:
    return f"{count} ({100 * count / whole:.1f} %)" if whole else str(count)


def _cohort(cohort: CohortImpact) -> Iterator[str]:
    whole = cohort.patients
    yield ""
    yield f"COHORT ({whole} patients compared)"
    rows = (
        ("answered differently", cohort.changed), ("more invasive", cohort.more_invasive),
        ("less invasive", cohort.less_invasive), ("more urgent", cohort.more_urgent),
        ("less urgent", cohort.less_urgent), ("neither more nor less of either", cohort.neither),
        ("same answer, other reasons", cohort.reasons_only),
        *((f"changed in {name.replace('-', ' ')}", count) for name, count in cohort.kinds.items()),
    )  # fmt: skip
    for name, count in rows:
        yield f"  - {name}: {_share(count, whole)}"
    for each in cohort.transitions:
        before, after = each.before or "unknown", each.after or "unknown"
        yield f"  - {each.treatment}: {before} -> {after}: {_share(each.patients, whole)}"
    yield f"  - not readable by the old version: {cohort.unreadable_old}"
    yield f"  - not readable by the new version: {cohort.unreadable_new}"


def _cohort_result(cohort: CohortImpact) -> str:
    said = (
        f"{cohort.changed} of {cohort.patients} patients answered differently"
        + (f" ({100 * cohort.changed / cohort.patients:.1f} %)" if cohort.patients else "")
        + f": {cohort.more_invasive} more invasive, {cohort.less_invasive} less invasive, "
        f"{cohort.more_urgent} more urgent, {cohort.less_urgent} less urgent"
    )
    unread = cohort.unreadable_new
    return f"{said}; {unread} could not be read by the new version" if unread else said
