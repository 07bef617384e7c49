"""Reading a drawing back: its shapes and texts, in the order in which they are painted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from schemas.diagram import Diagram

SVG = "{http://www.w3.org/2000/svg}"
_TOKENS = re.compile(r"[MHVLAZ]|-?\d+")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "A": 7}


@dataclass(frozen=True)
class Shape:
    left: int
    top: int
    right: int
    bottom: int
    fill: str

    def holds(self, x: int, y: int) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def visible(svg: str) -> str:
    """Return all painted text without blanks: where lines break does not matter."""
    return squeezed("".join(t.text or "" for t in parse(svg).iter(f"{SVG}text")))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def said(svg: str) -> dict[str, tuple[str, str]]:
    """Return what a screen reader says of each link: name and description, by where the link leads."""
    return {
        link.attrib["href"]: (link.findtext(f"{SVG}title", ""), link.findtext(f"{SVG}desc", ""))
        for link in parse(svg).iter(f"{SVG}a")
    }


def texts_on_ground(svg: str) -> Iterator[tuple[str, str, str]]:
    """Yield every text with its colour and the colour of the last shape painted below it."""
    shapes: list[Shape] = []
    for element in _outside_symbols(parse(svg)):
        if element.tag == f"{SVG}text":
            x, y = int(element.attrib["x"]), int(element.attrib["y"])
            ground = [shape.fill for shape in shapes if shape.holds(x + 1, y - 4)]
            yield element.text or "", element.attrib["fill"], ground[-1]
        elif (shape := _shape(element)) is not None:
            shapes.append(shape)


def _outside_symbols(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    yield element
    for child in element:
        if "transform" not in child.attrib:
            yield from _outside_symbols(child)


def _shape(element: ElementTree.Element) -> Shape | None:
    fill = element.attrib.get("fill", "none")
    if fill == "none" or element.tag not in (f"{SVG}rect", f"{SVG}path"):
        return None
    if element.tag == f"{SVG}rect":
        x, y = int(element.attrib.get("x", 0)), int(element.attrib.get("y", 0))
        return Shape(
            x, y, x + int(element.attrib["width"]), y + int(element.attrib["height"]), fill
        )
    xs, ys = _corners(element.attrib["d"])
    return Shape(min(xs), min(ys), max(xs), max(ys), fill)


def _corners(path: str) -> tuple[list[int], list[int]]:
    xs: list[int] = []
    ys: list[int] = []
    tokens = _TOKENS.findall(path)
    at = 0
    while at < len(tokens):
        command = tokens[at]
        count = _ARGUMENTS.get(command, 0)
        numbers = [int(each) for each in tokens[at + 1 : at + 1 + count]]
        if command == "V":
            ys.append(numbers[0])
        elif numbers:
            xs.append(numbers[-2] if count > 1 else numbers[0])
            ys += numbers[-1:] if count > 1 else []
        at += 1 + count
    return xs, ys


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as the web accessibility guidelines reckon it, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def hostile(diagram: Diagram, text: str) -> Diagram:
    """Return *diagram* with *text* wherever a document or a patient can put text."""
    nodes = tuple(
        node.model_copy(update={"title": text, "word": text, "detail": text, "lines": (text, text)})
        for node in diagram.nodes
    )
    edges = tuple(edge.model_copy(update={"label": text}) for edge in diagram.edges)
    notes = tuple(
        note.model_copy(update={"title": text, "lines": (text,)}) for note in diagram.notes
    )
    return diagram.model_copy(
        update={
            "pathway": text, "title": text, "subtitle": text, "summary": (text,), "nodes": nodes,
            "edges": edges, "notes": notes, "footer": text,
        }
    )  # fmt: skip
