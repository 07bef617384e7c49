"""The arrows of a diagram: how they run between boxes that already stand, and where their labels go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rules.drawing.lettering import LINE, SMALL, text_width, wrap
from schemas.diagram import DiagramEdge, DiagramNode

FRAME = 7
"""How far the frame around the patient's place reaches beyond its box."""


@dataclass(frozen=True)
class Line:
    """One line of text; *y* is its baseline."""

    x: int
    y: int
    text: str
    size: int
    bold: bool = False
    tone: str = "ink"
    """`ink`, `quiet`, `band` (on the band of its box), `alarm`, `white`."""


@dataclass
class Box:
    """One node where it stands."""

    node: DiagramNode
    x: int
    y: int
    w: int
    h: int
    band: int
    """Height of the strip that carries the position; none without a position."""
    lines: list[Line] = field(default_factory=list)
    symbol: tuple[int, int] | None = None


@dataclass(frozen=True)
class Route:
    edge: DiagramEdge
    points: tuple[tuple[int, int], ...]
    label: tuple[Line, ...]
    plate: tuple[int, int, int, int]
    """The ground below the label: x, y, width, height."""


def routes(
    edges: Iterable[DiagramEdge], boxes: Mapping[str, Box], right: int, left_hand: bool
) -> list[Route]:
    """Return the way of every arrow between *boxes*; labels end at *right*.

    With *left_hand* arrows run down the left of their boxes, so that labels have the width of the column.
    """
    return [_route(edge, boxes, right, left_hand) for edge in edges if edge.kind != "member"]


def _route(edge: DiagramEdge, boxes: Mapping[str, Box], right: int, left_hand: bool) -> Route:
    """Lead an arrow across within a row, straight down, or round by the left where a box stands between."""
    source, target = boxes[edge.source], boxes[edge.target]
    a, b = _reach(source), _reach(target)
    if b.left >= a.right:
        y = min(a.top + min(source.h, target.h) // 2, a.top + 62)
        middle = (a.right + b.left) // 2
        lines = wrap(edge.label, SMALL, b.left - a.right - 10)
        wide = max((text_width(text, SMALL) for text in lines), default=0)
        top = y - 8 - LINE[SMALL] * len(lines)
        return _labelled(edge, ((a.right, y), (b.left, y)), lines, middle - wide // 2, top)
    if _between(source, target, boxes.values()):
        lane, y, to = a.left - 14, source.y + source.h // 2, target.y + min(target.h // 2, 24)
        lines = wrap(edge.label, SMALL, right - source.x)
        points = ((a.left, y), (lane, y), (lane, to), (b.left, to))
        return _labelled(edge, points, lines, source.x + 4, _above(b.top, len(lines)))
    from_middle = 24 if left_hand else source.w // 2
    x = max(target.x + 24, min(source.x + from_middle, target.x + target.w - 24))
    lines = wrap(edge.label, SMALL, right - x - 12)
    top = a.bottom + (b.top - a.bottom - LINE[SMALL] * len(lines)) // 2 - 4
    return _labelled(edge, ((x, a.bottom), (x, b.top)), lines, x + 12, top)


@dataclass(frozen=True)
class _Reach:
    """How far a box reaches, the frame of the patient's place included."""

    left: int
    top: int
    right: int
    bottom: int


def _reach(box: Box) -> _Reach:
    more = FRAME if box.node.here else 0
    return _Reach(box.x - more, box.y - more, box.x + box.w + more, box.y + box.h + more)


def _above(y: int, lines: int) -> int:
    return y - 12 - LINE[SMALL] * lines


def _between(a: Box, b: Box, boxes: Iterable[Box]) -> bool:
    """Tell whether another box stands between *a* and *b* in the same column."""
    return any(
        box.node.kind != "treatment" and box is not a and box is not b
        and a.y + a.h <= box.y < b.y and box.x < a.x + a.w and a.x < box.x + box.w
        for box in boxes
    )  # fmt: skip


def _labelled(
    edge: DiagramEdge, points: tuple[tuple[int, int], ...], lines: list[str], x: int, top: int
) -> Route:
    height = LINE[SMALL]
    placed = tuple(
        Line(x, top + height * (at + 1) - 4, text, SMALL) for at, text in enumerate(lines)
    )
    wide = max((text_width(text, SMALL) for text in lines), default=0)
    return Route(edge, points, placed, (x - 2, top, wide + 4, height * len(lines)))
