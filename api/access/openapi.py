"""What the OpenAPI document says of the entrance, where callers are asked who they are."""

from __future__ import annotations

from typing import Any

from api.access.table import SCOPE_OF, Need, need_of
from api.openapi import error_responses

SCHEME = "credential"
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "an API key as `steppedcare keys add` prints it, or an access token of an issuer this service was "
    "set up to believe. Scopes: decide, read-decisions, audit.",
}
_WHY = {
    401: "no credential that is accepted here; always the same answer",
    403: "the credential lacks the scope",
    429: "this caller asks too often; `Retry-After` says how long to wait, and a red sign is answered all the same",
}


def described(document: dict[str, Any]) -> dict[str, Any]:
    """Return *document* with what each address asks of its caller, and the answers to those it does not let in."""
    document.setdefault("components", {})["securitySchemes"] = {SCHEME: _SCHEME}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            need = need_of(method.upper(), path)
            if need in (None, Need.NOTHING):
                continue
            scope = SCOPE_OF.get(need)
            operation["security"] = [{SCHEME: [scope] if scope else []}]
            if need is Need.NEAR:
                operation["security"].append({})
            for code, answer in error_responses(401, 403, 429).items():
                told = {**answer, "description": _WHY[int(code)]}
                operation["responses"].setdefault(str(code), told)
    return document
