"""In which shape an error leaves: an OperationOutcome where FHIR is spoken, our own error body everywhere else."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from api.errors import error_body, status_code
from api.fhir.outcome import operation_outcome
from schemas.errors import InputError, SettingsError, SteppedCareError

CDS_HOOKS = "/cds-services"
FHIR = "/fhir"
CHALLENGE = 'Bearer realm="steppedcare"'


def below(path: str, root: str) -> bool:
    """Tell whether *path* is *root* or lies under it."""
    return path == root or path.startswith(f"{root}/")


def error_response(
    path: str,
    error: SteppedCareError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return *error* as it is told at *path*; *status* overrules what the error itself says.

    CDS Hooks knows no 422: whatever is wrong with a call is a 400 there, a body over the limit apart.
    """
    code = status or status_code(error)
    found = dict(headers or {})
    if code == 401:
        found.setdefault("WWW-Authenticate", CHALLENGE)
    if code == 503:
        found.setdefault("Retry-After", "1")
    if below(path, CDS_HOOKS):
        if code == 422 and isinstance(error, InputError | SettingsError):
            code = 400
        return JSONResponse(operation_outcome(error.problems), code, found)
    if below(path, FHIR):
        outcome = operation_outcome(error.problems)
        return JSONResponse(outcome, code, found, media_type="application/fhir+json")
    return JSONResponse(error_body(error), code, found)
