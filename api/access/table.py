"""What each address asks of its caller: one table, read from above; whatever stands in no row is not there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from api.access.scopes import Scope
from api.error_shape import CDS_HOOKS, FHIR


class Need(Enum):
    """What a caller needs."""

    NOTHING = "nothing"
    NEAR = "a connection from this machine, or a credential with `audit`"
    OWN = "what this door asks for itself: the tokens of CDS Hooks; where it asks for none, a credential with `decide`"
    ANY = "a credential"
    DECIDE = "a credential with `decide`"
    READ = "a credential with `read-decisions`"
    AUDIT = "a credential with `audit`"
    LOCAL = "to be on the service's own machine"


SCOPE_OF: dict[Need, Scope] = {
    Need.NEAR: "audit",
    Need.OWN: "decide",
    Need.DECIDE: "decide",
    Need.READ: "read-decisions",
    Need.AUDIT: "audit",
}


@dataclass(frozen=True, slots=True)
class Row:
    """Addresses, by the pieces between their strokes: `{}` is any one piece, `**` at the end whatever follows."""

    methods: frozenset[str]
    path: str
    need: Need

    def covers(self, method: str, path: str) -> bool:
        if method not in self.methods:
            return False
        own, given = self.path.split("/"), path.split("/")
        if own[-1] == "**":
            own, given = own[:-1], given[: len(own) - 1]
        return len(own) == len(given) and all(
            piece in ("{}", named) for piece, named in zip(own, given, strict=True)
        )


def _rows(*rows: tuple[str, str, Need]) -> tuple[Row, ...]:
    return tuple(Row(frozenset(methods.split()), path, need) for methods, path, need in rows)


ROWS = _rows(
    ("GET", "/health/live", Need.NOTHING),
    ("GET", "/health/ready", Need.NEAR),
    ("GET", "/metrics", Need.NEAR),
    # Whoever wants to speak FHIR with a server reads first what it speaks; the statement tells of no patient.
    ("GET", f"{FHIR}/metadata", Need.NOTHING),
    ("GET POST", f"{FHIR}/**", Need.OWN),
    ("GET POST", f"{CDS_HOOKS}/**", Need.OWN),
    ("GET", "/openapi.json", Need.ANY),
    ("GET", "/v1/pathways/**", Need.ANY),
    ("POST", "/v1/pathways/**", Need.DECIDE),
    ("GET", "/v1/decisions/{}", Need.READ),
    ("POST", "/v1/decisions/search", Need.READ),
    ("POST", "/v1/decisions/{}/replay", Need.READ),
    ("POST", "/v1/decisions/{}/feedback", Need.DECIDE),
    # The page has no login.
    ("GET POST", "/", Need.LOCAL),
    ("GET", "/cases/**", Need.LOCAL),
    ("GET", "/static/**", Need.LOCAL),
    ("GET POST", "/author/**", Need.LOCAL),
    ("GET POST", "/learn/**", Need.LOCAL),
    ("POST", "/answer", Need.LOCAL),
    ("POST", "/print", Need.LOCAL),
)


def need_of(method: str, path: str) -> Need | None:
    """Return what *path* asks of who calls it with *method*; None for what is in no row."""
    method = "GET" if method == "HEAD" else method
    for row in ROWS:
        if row.covers(method, path):
            return row.need
    return None


def methods_of(path: str) -> tuple[str, ...]:
    """Return the methods some row names for *path*."""
    methods = ("GET", "POST")
    return tuple(each for each in methods if need_of(each, path) is not None)


def is_urgent(method: str, path: str) -> bool:
    """Tell whether a red sign may be told of here, so that no limit stands in its way."""
    need = need_of(method, path)
    return method == "POST" and need in (Need.DECIDE, Need.OWN)
