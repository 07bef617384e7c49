"""One file of a reviewer's, chosen or pasted: read within bounds, whichever of the two forms a browser sends it in."""

from __future__ import annotations

from email.message import Message

from fastapi import Request

from api.door import read_body
from api.page.form import parse_form
from api.strict_json import Bounds
from schemas.errors import InputError, Problem

MOST_BYTES = 2 * 1024 * 1024
FILE, PASTED = "file", "pasted"
"""Fields of the form; a chosen file counts before what was pasted."""
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
REPORT = Bounds(keys_in_all=200_000, items=20_000, text=20_000)
"""What a certificate or a comparison may hold, as JSON."""
_ROOM = 4 * 1024
"""For what surrounds the file in the body."""
_MOST_FIELDS = 10


async def read_upload(request: Request) -> bytes:
    """Return the file that was sent, or what was pasted in its place; empty where there was neither.

    Raises HTTPException and InputError as `read_body` does, and InputError for what is not a form.
    """
    # Pasted text triples where it needs escapes; what it holds is measured again when it is read.
    data = await read_body(request, 3 * MOST_BYTES + _ROOM, (URLENCODED, MULTIPART))
    given = request.headers.get("content-type", "")
    if not given.lower().startswith(MULTIPART):
        return parse_form(data).get(PASTED, "").strip().encode("utf-8")
    fields = fields_in(given, data)
    return fields.get(FILE, b"").strip() or fields.get(PASTED, b"").strip()


def fields_in(media: str, data: bytes) -> dict[str, bytes]:
    """Return the fields of a multipart *data*, whose media type with its boundary is *media*.

    Nothing is written to disk. Raises InputError for what is not such a form, or holds more than ten fields.
    """
    boundary = _parameter("content-type", media, "boundary").encode("latin-1", "replace")
    start, *parts = (b"\r\n" + data).split(b"\r\n--" + boundary, _MOST_FIELDS + 2)
    if not boundary or start or not parts or parts[-1].strip() != b"--":
        raise _no_form()
    found: dict[str, bytes] = {}
    for part in parts[:-1]:
        head, blank, content = part.partition(b"\r\n\r\n")
        if not blank:
            raise _no_form()
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "content-disposition":
                found[_parameter(name, value.strip(), "name")] = content
    return found


def _parameter(header: str, value: str, name: str) -> str:
    message = Message()
    message[header] = value
    found = message.get_param(name, "", header)
    return found if isinstance(found, str) else ""


def _no_form() -> InputError:
    return InputError(
        Problem(
            code="not-a-form",
            message="what was sent is not a form of this page",
            help="go back and send the page's own form",
            where="form",
        )
    )
