"""The invented patients a person can open, look by look."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from api.companion import get_companion
from api.library import get_cases
from api.service import read_checked
from schemas.errors import NotFoundError, Problem
from schemas.vignette import Look, Vignette


@dataclass(frozen=True)
class CaseShown:
    """An invented patient, and which of its looks is open, counted from 0."""

    case: Vignette
    at: int

    @property
    def look(self) -> Look:
        return self.case.looks[self.at]

    @property
    def mark(self) -> str:
        """The look as addresses and forms name it, such as `T02/1`."""
        return f"{self.case.id}/{self.at + 1}"

    @property
    def last(self) -> bool:
        return self.at + 1 == len(self.case.looks)

    @property
    def word(self) -> str:
        """What a look at this case is called."""
        return "visit" if self.case.visits else "look"

    @property
    def name(self) -> str:
        """What the case is called without telling what its later visits bring."""
        if self.last or not self.case.visits:
            return self.case.title
        return f"Visit {self.at + 1} of {len(self.case.looks)}"


def find_case(pathway: str, id: str, look: str) -> CaseShown:
    """Return look number *look* (counted from 1) of the invented patient *id*; raise NotFoundError otherwise."""
    for case in get_cases(pathway):
        if (
            case.id == id
            and look.isascii()
            and look.isdigit()
            and 1 <= int(look) <= len(case.looks)
        ):
            return CaseShown(case, int(look) - 1)
    raise NotFoundError(
        Problem(
            code="unknown-case",
            message="there is no invented patient at this address",
            help="the list of cases names them all",
            where="cases",
        )
    )


@lru_cache(maxsize=256)
def changes_since(pathway: str, id: str, at: int, today: dt.date) -> tuple[str, ...]:
    """Return in words what look *at* changes in the answer to the look before; nothing for the first."""
    if at == 0:
        return ()
    case = find_case(pathway, id, str(at + 1)).case
    patients = [read_checked(pathway, case.looks[each].input, today) for each in (at - 1, at)]
    return get_companion(pathway).what_if(*patients).text


def case_of(pathway: str, mark: str) -> CaseShown | None:
    """Return the case a form says it began with; None for a form that began without one."""
    id, _, look = mark.partition("/")
    try:
        return find_case(pathway, id, look)
    except NotFoundError:
        return None
