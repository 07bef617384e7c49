"""A diagram as SVG: nested lists of real links for whoever listens, shape, symbol and word for whoever looks.

No script, no style sheet, no font or picture from elsewhere; whole numbers only. What is drawn is hidden from screen
readers, because title and description of each link say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from rules.drawing.export import label_of
from rules.drawing.layout import SYMBOL, TAB, Layout, lay_out
from rules.drawing.lettering import TEXT, shown, text_width
from rules.drawing.routes import Box, Line, Route
from schemas.diagram import HERE, Diagram, DiagramNode, Position

INK, QUIET, WHITE, PLACE, ALARM = "#14202b", "#44515e", "#ffffff", "#0b3d91", "#8f1219"
FAMILY = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Style:
    """How a position looks: ground, outline, the band with its word, and the shape of the corners."""

    fill: str
    stroke: str
    band: str
    on_band: str
    width: int
    dash: str
    corner: str
    """`round`, `cut` (what stands against), `square` (what is behind)."""


STYLES: dict[Position | None, Style] = {
    None: Style("#f7f9fb", "#33475b", "#33475b", WHITE, 2, "", "round"),
    Position.RED_SIGN: Style("#fdeeed", ALARM, ALARM, WHITE, 4, "", "cut"),
    Position.VISITED: Style("#f1f4f7", "#4a5a69", "#4a5a69", WHITE, 1, "", "square"),
    Position.OPEN: Style("#eef8f1", "#145c38", "#145c38", WHITE, 3, "", "round"),
    Position.TRIED: Style("#f3f1ec", "#5c5140", "#5c5140", WHITE, 1, "", "square"),
    Position.ON_HOLD: Style("#fdf5e6", "#7a4a00", "#7a4a00", WHITE, 2, "10 4 2 4", "square"),
    Position.NOT_YET: Style(WHITE, "#4a5a69", "#e4eaf0", INK, 2, "8 5", "round"),
    Position.NEEDS_DATA: Style("#f6f1fd", "#4d2a8c", "#4d2a8c", WHITE, 2, "2 4", "round"),
    Position.BLOCKED: Style("#faeff2", "#6d1a36", "#6d1a36", WHITE, 3, "", "cut"),
    Position.NOT_INDICATED: Style(WHITE, "#6b7885", "#eef0f2", INK, 1, "", "square"),
    Position.UNSETTLED: Style("#fff8dc", "#5a4a00", "#5a4a00", WHITE, 2, "2 4", "cut"),
}
WAY_OUT = Style("#fdf4f3", ALARM, ALARM, WHITE, 3, "", "cut")
"""Where no patient is asked about: the screen that leads out of the steps, and what it leads to."""
_SYMBOLS: dict[Position | None, str] = {
    None: '<circle cx="8" cy="8" r="7" fill="none" stroke="{0}" stroke-width="2"/>'
    '<circle cx="8" cy="8" r="3" fill="{0}"/>',
    Position.RED_SIGN: '<path d="M8 0 16 15H0Z" fill="{0}"/><path d="M8 5V10M8 12V14" stroke="{1}" stroke-width="2"/>',
    Position.VISITED: '<circle cx="8" cy="8" r="6" fill="{0}"/>',
    Position.OPEN: '<circle cx="8" cy="8" r="6" fill="none" stroke="{0}" stroke-width="3"/>',
    Position.TRIED: '<path d="M2 2H14V14H2Z" fill="{0}"/>'
    '<path d="M4 8 7 11 12 5" fill="none" stroke="{1}" stroke-width="2"/>',
    Position.ON_HOLD: '<path d="M5 2V14M11 2V14" stroke="{0}" stroke-width="4"/>',
    Position.NOT_YET: '<circle cx="8" cy="8" r="7" fill="none" stroke="{0}" stroke-width="2"/>'
    '<path d="M8 4V8L11 10" fill="none" stroke="{0}" stroke-width="2"/>',
    Position.NEEDS_DATA: '<path d="M4 5A4 4 0 1 1 10 8Q8 9 8 11M8 13V15" fill="none" stroke="{0}" stroke-width="2"/>',
    Position.BLOCKED: '<path d="M2 2 14 14M14 2 2 14" stroke="{0}" stroke-width="4"/>',
    Position.NOT_INDICATED: '<path d="M2 8H14" stroke="{0}" stroke-width="3"/>',
    Position.UNSETTLED: '<path d="M8 1 15 8 8 15 1 8Z" fill="none" stroke="{0}" stroke-width="2"/>'
    '<path d="M8 4V9M8 10V12" stroke="{0}" stroke-width="2"/>',
}


def to_svg(diagram: Diagram, width: int = 1280, prefix: str = "map") -> str:
    """Draw *diagram* for a place *width* CSS pixels wide; it scales with its viewBox.

    Draw it twice, at 1280 and at 320, where the screen may be either: text that is only scaled down is not readable.
    *prefix* keeps the ids apart when a page holds more than one drawing.
    """
    return "\n".join(_Svg(diagram, lay_out(diagram, width), shown(prefix)).lines()) + "\n"


class _Svg:
    def __init__(self, diagram: Diagram, layout: Layout, prefix: str) -> None:
        self.diagram, self.layout, self.prefix = diagram, layout, prefix
        exits = [edge for edge in diagram.edges if edge.kind == "exit"]
        self.way_out = {end for edge in exits for end in (edge.source, edge.target)}

    def lines(self) -> Iterator[str]:
        width, height = self.layout.width, self.layout.height
        name, about = f"{self.prefix}-title", f"{self.prefix}-about"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="group" aria-labelledby={quoteattr(name)} '
            f'aria-describedby={quoteattr(about)} font-family="{FAMILY}">'
        )
        yield f"<title id={quoteattr(name)}>{escape(shown(self.diagram.title))}</title>"
        yield f"<desc id={quoteattr(about)}>{escape(self.about())}</desc>"
        yield '<g aria-hidden="true">'
        yield f'<rect width="{width}" height="{height}" fill="{WHITE}"/>'
        yield from map(self.text, self.layout.head)
        yield from self.summary()
        for route in self.layout.routes:
            yield from self.route(route)
        yield "</g>"
        yield '<g role="list">'
        for node in self.diagram.nodes:
            if node.kind != "treatment":
                yield from self.item(node)
        yield "</g>"
        yield '<g aria-hidden="true">'
        for sign in self.layout.legend:
            ink = PLACE if sign.position is None else STYLES[sign.position].stroke
            yield self.symbol(sign.position, sign.x, sign.y, ink, WHITE)
            yield self.text(sign.line)
        yield "</g>"
        yield from map(self.text, self.layout.tail)
        yield "</svg>"

    def about(self) -> str:
        """Return what is said before the list is read."""
        said = [shown(self.diagram.subtitle), *map(shown, self.diagram.summary)]
        return ". ".join(part.rstrip(".") for part in said) + "."

    def summary(self) -> Iterator[str]:
        if self.layout.summary is None:
            return
        x, y, w, h = self.layout.summary
        fill, stroke = (ALARM, ALARM) if self.diagram.alarm else ("#e8eff9", PLACE)
        yield (
            f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="6" fill="{fill}" stroke="{stroke}" '
            'stroke-width="2"/>'
        )
        yield from map(self.text, self.layout.summary_lines)

    def item(self, node: DiagramNode) -> Iterator[str]:
        """Yield one list item: its link, and the treatments of a stage as a list inside it."""
        yield f'<g role="listitem" class="{self.classes(node)}">'
        yield from self.link(node)
        members = [each for each in self.diagram.nodes if each.parent == node.id]
        if members:
            yield '<g role="list">'
            for member in members:
                yield f'<g role="listitem" class="{self.classes(member)}">'
                yield from self.link(member)
                yield "</g>"
            yield "</g>"
        yield "</g>"

    def classes(self, node: DiagramNode) -> str:
        parts = [
            node.kind,
            node.position.value if node.position else "",
            "here" if node.here else "",
        ]
        return " ".join(part for part in parts if part)

    def link(self, node: DiagramNode) -> Iterator[str]:
        title, about = f"{self.prefix}-{node.id}", f"{self.prefix}-{node.id}-why"
        said = ". ".join(shown(part).rstrip(".") for part in (node.detail, *node.lines) if part)
        described = f" aria-describedby={quoteattr(about)}" if said else ""
        yield f"<a href={quoteattr(f'#{node.id}')} aria-labelledby={quoteattr(title)}{described}>"
        yield f"<title id={quoteattr(title)}>{escape(label_of(node))}</title>"
        if said:
            yield f"<desc id={quoteattr(about)}>{escape(said)}</desc>"
        yield '<g aria-hidden="true">'
        yield from self.box(self.layout.boxes[node.id])
        yield "</g>"
        yield "</a>"

    def box(self, box: Box) -> Iterator[str]:
        style = STYLES[box.node.position]
        if box.node.position is None and box.node.id in self.way_out:
            style = WAY_OUT
        x, y, w, h = box.x, box.y, box.w, box.h
        if box.node.here:
            yield from self.here(box)
        dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
        yield f'<path d="{_outline(x, y, w, h, style.corner)}" fill="{style.fill}"/>'
        if box.band:
            band = _outline(x, y, w, box.band, style.corner, bottom=box.band == h)
            yield f'<path d="{band}" fill="{style.band}"/>'
        yield (
            f'<path d="{_outline(x, y, w, h, style.corner)}" fill="none" stroke="{style.stroke}" '
            f'stroke-width="{style.width}"{dash}/>'
        )
        if box.symbol is not None and box.node.position is not None:
            yield self.symbol(box.node.position, *box.symbol, style.on_band, style.band)
        for line in box.lines:
            yield self.text(line, style)

    def here(self, box: Box) -> Iterator[str]:
        """Yield the frame and the tab of the part where the patient stands."""
        text = HERE[:1].upper() + HERE[1:]
        wide = text_width(text, TEXT, True) + SYMBOL + 28
        x, y = box.x - 5, box.y - 5
        right = x + box.w + 10
        start = right - wide if self.layout.tab_right else x
        yield (
            f'<rect x="{x}" y="{y}" width="{box.w + 10}" height="{box.h + 10}" rx="12" fill="none" '
            f'stroke="{PLACE}" stroke-width="4"/>'
        )
        yield (
            f'<rect x="{start - 2 * (not self.layout.tab_right)}" y="{y - TAB + 6}" '
            f'width="{wide + 2}" height="{TAB}" rx="4" fill="{PLACE}"/>'
        )
        yield self.symbol(None, start + 8, y - TAB + 9, WHITE, PLACE)
        yield self.text(Line(start + SYMBOL + 16, y - TAB + 22, text, TEXT, True, "white"))

    @staticmethod
    def symbol(position: Position | None, x: int, y: int, ink: str, ground: str) -> str:
        return f'<g transform="translate({x} {y})">{_SYMBOLS[position].format(ink, ground)}</g>'

    def route(self, route: Route) -> Iterator[str]:
        edge = route.edge
        taken, leaving = edge.taken, edge.kind == "exit"
        color = ALARM if leaving else PLACE if taken else "#4a5a69"
        width = 4 if taken else 2
        (x0, _), (x1, y1) = route.points[-2:]
        dash = ' stroke-dasharray="6 4"' if leaving and not taken else ""
        # The line ends where the head begins.
        end = (x1 - 10, y1) if x1 > x0 else (x1, y1 - 10)
        path = "M" + "L".join(f"{x} {y}" for x, y in (*route.points[:-1], end))
        yield f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width}"{dash}/>'
        head = (
            f"M{x1} {y1}L{x1 - 12} {y1 - 7}V{y1 + 7}Z" if x1 > x0 else f"M{x1} {y1}L{x1 - 7} {y1 - 12}H{x1 + 7}Z"
        )  # fmt: skip
        yield f'<path d="{head}" fill="{color}"/>'
        if route.label:
            x, y, w, h = route.plate
            yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{WHITE}"/>'
            yield from map(self.text, route.label)

    @staticmethod
    def text(line: Line, style: Style | None = None) -> str:
        tones = {"ink": INK, "quiet": QUIET, "white": WHITE, "alarm": ALARM}
        fill = style.on_band if style and line.tone == "band" else tones.get(line.tone, INK)
        weight = ' font-weight="bold"' if line.bold else ""
        return (
            f'<text x="{line.x}" y="{line.y}" font-size="{line.size}"{weight} fill="{fill}">'
            f"{escape(shown(line.text))}</text>"
        )


def _outline(x: int, y: int, w: int, h: int, corner: str, bottom: bool = True) -> str:
    """Return the outline of a box; without *bottom* the lower corners are square, as a band above text needs them."""
    c = {"round": 10, "cut": 12, "square": 0}[corner]
    if not c:
        return f"M{x} {y}H{x + w}V{y + h}H{x}Z"
    joint = "L{} {}" if corner == "cut" else f"A{c} {c} 0 0 1 {{}} {{}}"
    path = f"M{x} {y + c}{joint.format(x + c, y)}H{x + w - c}{joint.format(x + w, y + c)}"
    if not bottom:
        return f"{path}V{y + h}H{x}Z"
    return (
        f"{path}V{y + h - c}{joint.format(x + w - c, y + h)}H{x + c}{joint.format(x, y + h - c)}Z"
    )
