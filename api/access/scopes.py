"""What a caller may be allowed, and who a caller is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["decide", "read-decisions", "audit"]
"""`decide`: ask for decisions and say what became of them; `read-decisions`: read what was recorded; `audit`: how the
service is doing."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has shown a credential that is accepted."""

    name: str
    """Of the credential, for counting and for logs; no secret is in it."""
    tenant: str
    """Whose decisions are recorded and read."""
    scopes: frozenset[Scope]
