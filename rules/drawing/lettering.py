"""Text in a drawing: what of it may be shown, how wide it is, and where its lines break."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

SMALL, TEXT, TITLE, STAGE, HEAD = 13, 14, 15, 17, 24
LINE = {SMALL: 17, TEXT: 18, TITLE: 20, STAGE: 22, HEAD: 30}
"""Line heights by size of type."""
_WIDTHS = {
    **dict.fromkeys("ijl|'", 280), **dict.fromkeys(" .,:;ftI!()[]/-", 390), **dict.fromkeys("rJ\"", 470),
    **dict.fromkeys("szcvxyk", 590), **dict.fromkeys("wMN%OQGDHU", 800), **dict.fromkeys("mW@", 990),
}  # fmt: skip
"""Widths in thousandths of the size of type, those of a wide sans-serif face: with a narrower one lines end early."""


def shown(text: str) -> str:
    """Return *text* on one line, without controls and without marks that turn the direction of writing.

    A title is a document's, a value may be a client's; neither may break a file or hide what stands beside it.
    """
    kept = (" " if c.isspace() else c for c in text if c.isprintable() or c.isspace())
    return " ".join("".join(kept).split())


@lru_cache(maxsize=4096)
def _units(character: str) -> int:
    wide = unicodedata.east_asian_width(character) in "WF"
    return 1000 if wide else _WIDTHS.get(character, 720 if character.isupper() else 640)


def _scaled(units: int, size: int, bold: bool) -> int:
    return units * size * (110 if bold else 100) // 100_000 + 1


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Return how many units *text* is wide, rather too many than too few."""
    return _scaled(sum(map(_units, text)), size, bold)


def wrap(
    text: str, size: int, width: int, bold: bool = False, most: int | None = None
) -> list[str]:
    """Break *text* into lines no wider than *width*; too long a word is broken, what is beyond *most* lines cut.

    Every character is looked at once: a word as long as a page must not cost more than the page.
    """
    lines: list[str] = []
    used = 0
    for word in shown(text).split():
        needed = sum(map(_units, word))
        if lines and _scaled(used + _units(" ") + needed, size, bold) <= width:
            lines[-1] += f" {word}"
            used += _units(" ") + needed
            continue
        pieces = (
            [word] if _scaled(needed, size, bold) <= width else _broken(word, size, width, bold)
        )
        lines += pieces
        used = sum(map(_units, pieces[-1]))
    if most is not None and len(lines) > most:
        last = lines[most - 1]
        while last and text_width(f"{last}…", size, bold) > width:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last.rstrip()}…"]
    return lines


def _broken(word: str, size: int, width: int, bold: bool) -> list[str]:
    """Break *word* into pieces that fit; a piece has one character at least."""
    pieces, used = [""], 0
    for character in word:
        if pieces[-1] and _scaled(used + _units(character), size, bold) > width:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += _units(character)
    return pieces
