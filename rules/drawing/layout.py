"""Where everything of a diagram goes: a layered layout in whole numbers, so that the same diagram has the same bytes.

Gates and stages stand in layers in the order in which they are gone through; what only a red sign leads to stands
aside. With room for it the gates share a row and what stands aside has a column of its own; on a narrow screen
everything stands in one column, and treatments below each other. One unit is one CSS pixel at the width asked for,
so text keeps its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.drawing.lettering import HEAD, LINE, SMALL, STAGE, TEXT, TITLE, shown, text_width, wrap
from rules.drawing.routes import Box, Line, Route, routes
from schemas.diagram import HERE, Diagram, DiagramNode, Position

NARROWEST, WIDEST = 320, 2400
TWO_COLUMNS_FROM = 900
SYMBOL = 16
PAD = 12
TAB = 26
"""Height of the tab that says where the patient stands."""
_CARD = 230
"""Least width of a treatment when several stand side by side."""
_DETAIL_LINES = 5


@dataclass(frozen=True)
class Sign:
    """One symbol of the legend with its word; without a position, the patient's own place."""

    x: int
    y: int
    position: Position | None
    line: Line


@dataclass
class Layout:
    width: int
    height: int
    head: list[Line]
    summary: tuple[int, int, int, int] | None
    summary_lines: list[Line]
    boxes: dict[str, Box]
    routes: list[Route]
    legend: list[Sign]
    tail: list[Line]
    tab_right: bool
    """Whether the tab of the patient's place stands at the right end of its box, clear of the arrow."""


def lay_out(diagram: Diagram, width: int) -> Layout:
    """Lay *diagram* out for a screen or sheet *width* CSS pixels wide (brought between 320 and 2400)."""
    return _Layout(diagram, min(max(width, NARROWEST), WIDEST)).run()


class _Layout:
    def __init__(self, diagram: Diagram, width: int) -> None:
        self.diagram, self.width = diagram, width
        self.wide = width >= TWO_COLUMNS_FROM
        self.margin = 24 if self.wide else 12
        self.boxes: dict[str, Box] = {}
        self.y = self.margin

    def run(self) -> Layout:
        head = self.paragraph(self.diagram.title, HEAD if self.wide else STAGE, bold=True)
        self.y += 4
        head += self.paragraph(self.diagram.subtitle, SMALL, tone="quiet")
        summary, summary_lines = self.summary()
        self.y += TAB + 12
        rows = self.rows()
        legend: list[Sign] = []
        if self.wide:
            legend = self.two_columns(rows)
        else:
            self.one_column(rows)
            legend = self.legend(self.margin, self.width - 2 * self.margin)
        arrows = routes(self.diagram.edges, self.boxes, self.width - self.margin, not self.wide)
        tail: list[Line] = []
        for note in self.diagram.notes:
            self.y += 10
            tail += self.paragraph(note.title, TEXT, bold=True)
            for text in note.lines:
                tail += self.paragraph(f"· {shown(text)}", SMALL)
        self.y += 10
        tail += self.paragraph(self.diagram.footer, SMALL, tone="quiet")
        return Layout(
            self.width, self.y + self.margin, head, summary, summary_lines, self.boxes, arrows,
            legend, tail, not self.wide,
        )  # fmt: skip

    def paragraph(self, text: str, size: int, bold: bool = False, tone: str = "ink") -> list[Line]:
        """Set *text* over the whole width and move below it."""
        lines = []
        for part in wrap(text, size, self.width - 2 * self.margin, bold):
            self.y += LINE[size]
            lines.append(Line(self.margin, self.y - 4, part, size, bold, tone))
        return lines

    def summary(self) -> tuple[tuple[int, int, int, int] | None, list[Line]]:
        if not self.diagram.summary:
            return None, []
        self.y += 10
        top, inner = self.y, self.width - 2 * self.margin - 2 * PAD
        lines = []
        self.y += 8
        for text in self.diagram.summary:
            for part in wrap(text, TITLE, inner, bold=True):
                self.y += LINE[TITLE]
                tone = "white" if self.diagram.alarm else "ink"
                lines.append(Line(self.margin + PAD, self.y - 5, part, TITLE, True, tone))
        self.y += 8
        return (self.margin, top, self.width - 2 * self.margin, self.y - top), lines

    def rows(self) -> list[list[DiagramNode]]:
        """Return the gates, stages and reviews in layers: each lies below everything that leads to it."""
        flow = [edge for edge in self.diagram.edges if edge.kind == "flow"]
        depth: dict[str, int] = {}
        for node in self.diagram.nodes:
            if node.kind not in ("treatment", "flag"):
                before = [
                    depth[edge.source]
                    for edge in flow
                    if edge.target == node.id and edge.source in depth
                ]
                depth[node.id] = max(before, default=-1) + 1
        layers: list[list[DiagramNode]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
        for node in self.diagram.nodes:
            if node.id in depth:
                layers[depth[node.id]].append(node)
        return layers

    def two_columns(self, rows: list[list[DiagramNode]]) -> list[Sign]:
        gates = [row[0] for row in rows if row[0].kind == "gate"]
        side, gap = 264, 84
        main = self.margin + side + gap
        room = self.width - main - self.margin
        each = (room - gap * (len(gates) - 2)) // max(len(gates) - 1, 1)
        top = self.y
        first = self.card(gates[0], self.margin, top, side)
        rest = [
            self.card(gate, main + at * (each + gap), top, each)
            for at, gate in enumerate(gates[1:])
        ]
        for box in rest:
            box.h = max(box.h for box in rest)
        self.y = max(box.y + box.h for box in rest) if rest else top
        for row in rows:
            if row[0].kind != "gate":
                self.y += 58
                self.row(row, main, room)
        bottom, self.y = self.y, first.y + first.h
        for node in self.diagram.nodes:
            if node.kind == "flag":
                self.y += 48
                self.y += self.card(node, self.margin, self.y, side).h
        self.y += 28
        legend = self.legend(self.margin, side)
        self.y = max(self.y, bottom) + 16
        return legend

    def one_column(self, rows: list[list[DiagramNode]]) -> None:
        x = self.margin + 24
        room = self.width - x - self.margin
        for at, row in enumerate(rows):
            self.y += 64 if at else 0
            self.row(row, x, room)
            if not at:
                for node in self.diagram.nodes:
                    if node.kind == "flag":
                        self.y += 48
                        self.y += self.card(node, x, self.y, room).h
        self.y += 24

    def row(self, row: Sequence[DiagramNode], x: int, room: int) -> None:
        """Set one layer below what stands already; stages of one layer stand below each other."""
        for at, node in enumerate(row):
            self.y += 20 if at else 0
            box = (
                self.stage(node, x, self.y, room)
                if node.kind == "stage"
                else self.card(node, x, self.y, room)
            )
            self.y += box.h

    def stage(self, node: DiagramNode, x: int, y: int, w: int) -> Box:
        """Set a stage around its treatments."""
        box = Box(node, x, y, w, 0, 0)
        word, inner = self.word(node), w - 2 * PAD
        aside = text_width(word, TEXT, True) + SYMBOL + 24 if word else 0
        beside = text_width(shown(node.title), STAGE, True) + aside <= inner
        top = y + 8
        for text in wrap(node.title, STAGE, inner - (aside if beside else 0), bold=True):
            top += LINE[STAGE]
            box.lines.append(Line(x + PAD, top - 6, text, STAGE, True, "band"))
        if word:
            if not beside:
                top += LINE[STAGE]
            at = x + w - PAD - text_width(word, TEXT, True) if beside else x + PAD + SYMBOL + 8
            box.lines.append(Line(at, top - 6, word, TEXT, True, "band"))
            box.symbol = (at - SYMBOL - 6, top - 6 - SYMBOL + 3)
        box.band = top + 6 - y
        self.boxes[node.id] = box
        members = [each for each in self.diagram.nodes if each.parent == node.id]
        across = max(1, min((inner + 12) // (_CARD + 12), len(members)))
        down = -(-len(members) // across) if members else 0
        across = -(-len(members) // down) if down else 1
        top = y + box.band + PAD
        for start in range(0, len(members), across):
            beside_each_other = members[start : start + across]
            each = (inner - 12 * (len(beside_each_other) - 1)) // len(beside_each_other)
            line = [
                self.card(member, x + PAD + at * (each + 12), top, each)
                for at, member in enumerate(beside_each_other)
            ]
            tallest = max(card.h for card in line)
            for card in line:
                card.h = tallest
            top += tallest + 12
        box.h = top - y if members else box.band
        return box

    def card(self, node: DiagramNode, x: int, y: int, w: int) -> Box:
        """Set a gate, a flag, a treatment or the review: position above, then name, reason and what goes with it."""
        box = Box(node, x, y, w, 0, 0)
        inner, top = w - 2 * PAD, y
        word = self.word(node)
        if word:
            top += 5
            box.symbol = (x + PAD, top + 2)
            for text in wrap(word, TEXT, inner - SYMBOL - 8, bold=True):
                top += LINE[TEXT]
                box.lines.append(Line(x + PAD + SYMBOL + 8, top - 4, text, TEXT, True, "band"))
            top += 5
            box.band = top - y
        top += 6
        for text in wrap(node.title, TITLE, inner, bold=True):
            top += LINE[TITLE]
            box.lines.append(Line(x + PAD, top - 5, text, TITLE, True))
        top += 2
        for text in wrap(node.detail, SMALL, inner, most=_DETAIL_LINES):
            top += LINE[SMALL]
            box.lines.append(Line(x + PAD, top - 4, text, SMALL))
        tone = "alarm" if node.position is Position.RED_SIGN else "ink"
        for each in node.lines:
            top += 3
            for at, text in enumerate(wrap(f"· {shown(each)}", SMALL, inner, bold=tone == "alarm")):
                top += LINE[SMALL]
                box.lines.append(
                    Line(x + PAD + (8 if at else 0), top - 4, text, SMALL, tone == "alarm", tone)
                )
        box.h = top + 10 - y
        self.boxes[node.id] = box
        return box

    @staticmethod
    def word(node: DiagramNode) -> str:
        """Return the word of a position without what the tab above the box says."""
        return shown(node.word.removeprefix(f"{HERE}: "))

    def legend(self, x: int, room: int) -> list[Sign]:
        """Explain the symbols that occur, in columns where there is room."""
        used = {node.position for node in self.diagram.nodes} - {None}
        signs: list[tuple[Position | None, str]] = [
            (position, position.value.replace("-", " "))
            for position in Position
            if position in used
        ]
        if any(node.here for node in self.diagram.nodes):
            signs.insert(0, (None, HERE))
        across = max(1, room // 190)
        found = []
        for at, (position, text) in enumerate(signs):
            left, y = x + at % across * (room // across), self.y + at // across * 24
            found.append(Sign(left, y, position, Line(left + SYMBOL + 8, y + 13, text, SMALL)))
        self.y += -(-len(found) // across) * 24
        return found
