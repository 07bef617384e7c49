"""JSON too long to stand in a page: how it begins is shown, and all of it is one button away, on a page of its own."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

OPEN, SAVE = "open", "save"
"""What a button does with a whole document: shows it by itself, or keeps it as a file."""
MOST_SHOWN = 5_000
"""Characters of one document that stand in the page."""


@dataclass(frozen=True)
class Document:
    """One JSON document of a program, and the part of it that stands in the page."""

    id: str
    text: str
    shown: str
    told: str
    """What part that is, in words; nothing where it is all of it."""

    @property
    def file(self) -> str:
        return f"{self.id}.json"


def readable(data: Any) -> str:
    """Return *data* as JSON to be read and copied."""
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=False)


def documents(**found: Any) -> Mapping[str, Document]:
    """Return each of *found* as a document, by its name."""
    return {id: document(id, data) for id, data in found.items()}


def document(id: str, data: Any, first: Collection[str] = ()) -> Document:
    """Return *data* as a document; what is over MOST_SHOWN is cut at the end of a line.

    *first* are keys of *data* that are shown in place of its beginning, where not all of it is.
    """
    text = readable(data)
    if len(text) <= MOST_SHOWN:
        return Document(id, text, text, "")
    if first:
        found = readable({key: data[key] for key in data if key in first})
        told = f"{len(first)} of {len(data)} keys"
        shown = _cut(found)
        return Document(id, text, shown, told if shown == found else f"the beginning of {told}")
    shown = _cut(text)
    counts = shown.count("\n") + 1, text.count("\n") + 1
    return Document(id, text, shown, "the first {} of {} lines".format(*counts))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[: text.rfind("\n", 0, MOST_SHOWN)]


def whole(found: Document, verb: str, headers: Mapping[str, str]) -> Response:
    """Return all of *found* as JSON, as a file where *verb* is SAVE; *headers* are those of the page."""
    how = "attachment" if verb == SAVE else "inline"
    told = {"Content-Disposition": f'{how}; filename="{found.file}"'}
    return Response(found.text, headers={**headers, **told}, media_type="application/json")
