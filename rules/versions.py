"""Two versions of a pathway side by side: what they say differently, and which patients are answered differently."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from rules.check import Checker
from rules.comparing.impact import Answer, Pair, Version, cohort_impact, difference, ranks
from rules.comparing.parts import changed_parts
from rules.comparing.text import version_text
from rules.decide import Decider
from schemas.errors import InputError, Problem, SteppedCareError
from schemas.pathway import Pathway
from schemas.versions import LookChange, Unreadable, VersionName, VersionReport
from schemas.vignette import Look, Vignette

__all__ = ["Pair", "compare_versions", "version_text"]


def compare_versions(
    old: Pathway,
    new: Pathway,
    old_decider: Decider,
    new_decider: Decider,
    cases: Sequence[Vignette],
    cohort: Iterable[Pair] | None = None,
) -> VersionReport:
    """Compare *new* with *old*: their documents, their answers for the built-in *cases*, and for a *cohort*.

    A pair of the cohort is one patient as each version's own checker understood it; None stands for one that version
    cannot read. Answers are compared by urgency, state, red signs, completeness of the screen and the verdict on every
    treatment; whether only reasons differ is said apart. The cohort is gone through once and not kept.

    Raises SettingsError when a patient of the cohort names a settings profile a version lacks: read it as None.
    """
    versions = Version(old, old_decider), Version(new, new_decider)
    readers = Checker(old), Checker(new)
    rank = ranks(old, new)
    found: list[LookChange] = []
    unreadable: list[Unreadable] = []
    compared = 0
    for vignette in cases:
        for look in vignette.looks:
            answers: list[Answer] = []
            for name, version, reader in zip(("old", "new"), versions, readers, strict=True):
                try:
                    answers.append(_answer(version, reader, look))
                except SteppedCareError as error:
                    codes = tuple(dict.fromkeys(problem.code for problem in error.problems))
                    unreadable.append(
                        Unreadable(vignette=vignette.id, look=look.name, version=name, codes=codes)  # type: ignore[arg-type]
                    )
            if len(answers) < 2:
                continue
            compared += 1
            change = difference(answers[0], answers[1], rank)
            if change.differs or change.differs_in_reasons:
                found.append(
                    LookChange(
                        vignette=vignette.id, look=look.name, title=vignette.title, change=change
                    )
                )
    found.sort(key=lambda each: not each.change.differs)
    return VersionReport(
        old=_name(old),
        new=_name(new),
        parts=changed_parts(old, new, old_decider.network, new_decider.network),
        looks_compared=compared,
        looks=tuple(found),
        unreadable=tuple(unreadable),
        cohort=None if cohort is None else cohort_impact(*versions, cohort),
    )


def _answer(version: Version, reader: Checker, look: Look) -> Answer:
    """Return the answer of one version for one look.

    Raises InputError for a look without a date: it would be answered differently from one day to the next.
    """
    if "on" not in look.input:
        raise InputError(
            Problem(
                code="no-date",
                message="a look without a date cannot be compared",
                help="give the vignette an `on`",
                where="on",
            )
        )
    return version.answer(reader.check(look.input, dt.date.min))


def _name(pathway: Pathway) -> VersionName:
    return VersionName(
        pathway=pathway.id, version=pathway.version, content_hash=pathway.content_hash
    )
