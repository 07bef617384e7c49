"""The entries of a YAML list or mapping, each with the lines it stands on, so that a problem is found at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One entry of a file: its name, its content, the line it begins on and the lines it covers."""

    file: str
    name: str
    data: Any
    first: int
    lines: tuple[str, ...]

    def where(self, pattern: str = "") -> str:
        """Return file and line of the last mention of *pattern* (regular expression), or of the entry itself.

        The last, because what stands twice is wrong where it stands again.
        """
        found = [at for at, line in enumerate(self.lines) if pattern and re.search(pattern, line)]
        return f"{self.file}:{self.first + (found[-1] if found else 0)}"


def entries(file: str, text: str, section: str, content: Any) -> Iterator[Entry]:
    """Yield what stands under the key *section* of *content*, which is *text* as read, in order.

    An entry of a list is called by its `id`. In a file written in one line every entry stands on the line
    of its section. Raises KeyError, TypeError or AttributeError when *content* has another shape.
    """
    part = content[section]
    named = list(part.items()) if isinstance(part, dict) else [(each["id"], each) for each in part]
    lines = text.splitlines()
    starts = _starts(lines, section)
    if len(starts) != len(named):
        starts = [
            at for at, line in enumerate(lines) if re.match(rf"['\"{{]*{section}\b", line)
        ] * len(named)
    for at, (name, data) in enumerate(named):
        first = starts[at] if at < len(starts) else 0
        end = starts[at + 1] if at + 1 < len(starts) else len(lines)
        yield Entry(file, str(name), data, first + 1, tuple(lines[first:end]))


def _starts(lines: list[str], section: str) -> list[int]:
    """Return the indexes of the lines on which an entry of *section* begins."""
    starts: list[int] = []
    indent, listed, inside = -1, False, False
    for at, line in enumerate(lines):
        text = line.strip()
        if not inside or not text or text.startswith("#"):
            inside = inside or line.startswith(f"{section}:")
            continue
        here = len(line) - len(line.lstrip())
        if indent < 0:
            indent, listed = here, text.startswith("-")
        if here < indent or (here == indent and text.startswith("-") is not listed):
            break
        if here == indent:
            starts.append(at)
    return starts
