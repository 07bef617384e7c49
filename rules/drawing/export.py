"""A diagram as Mermaid, as DOT and as an ordered list: for documents, for other tools, and for reading aloud."""

from __future__ import annotations

from rules.drawing.lettering import shown
from schemas.diagram import Diagram, DiagramNode, Position

_MERMAID_SHAPES = {
    "gate": ("{{", "}}"), "flag": ("[/", "/]"), "stage": ("[[", "]]"), "treatment": ("(", ")"),
    "review": ("([", "])"),
}  # fmt: skip
_DOT_SHAPES = {
    "gate": "hexagon", "flag": "parallelogram", "stage": "box3d", "treatment": "box",
    "review": "ellipse",
}  # fmt: skip
_ARROWS = {"flow": "-->", "exit": "-.->", "member": "---"}
_STYLES = {"flow": "solid", "exit": "dashed", "member": "dotted"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:-+()/'")


def label_of(node: DiagramNode) -> str:
    """Return the title of a node, with the word for its position where it has one."""
    return shown(f"{node.title}: {node.word}" if node.word else node.title)


def to_mermaid(diagram: Diagram) -> str:
    """Return *diagram* as a Mermaid flowchart. Every character that could be syntax is written as its number."""
    names = _names(diagram)
    lines = ["flowchart TD"]
    for node in diagram.nodes:
        opening, closing = _MERMAID_SHAPES[node.kind]
        lines.append(f'    {names[node.id]}{opening}"{_mermaid(label_of(node))}"{closing}')
    for edge in diagram.edges:
        label = f'|"{_mermaid(shown(edge.label))}"|' if edge.label else ""
        lines.append(f"    {names[edge.source]} {_ARROWS[edge.kind]}{label} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def to_dot(diagram: Diagram) -> str:
    """Return *diagram* as a DOT graph; every node links to its anchor."""
    names = _names(diagram)
    lines = [f"digraph {_quoted(diagram.pathway)} {{", f"    label={_quoted(diagram.title)};"]
    lines += ["    rankdir=TB;", '    node [fontname="sans-serif"];']
    for node in diagram.nodes:
        styles = ["bold"] if node.here else []
        styles += ["dashed"] if node.position in (Position.NOT_YET, Position.NEEDS_DATA) else []
        style = f', style="{",".join(styles)}"' if styles else ""
        lines.append(
            f"    {names[node.id]} [label={_quoted(label_of(node))}, shape={_DOT_SHAPES[node.kind]}, "
            f"URL={_quoted('#' + node.id)}{style}];"
        )
    for edge in diagram.edges:
        label = f"label={_quoted(edge.label)}, " if edge.label else ""
        head = ", arrowhead=none" if edge.kind == "member" else ""
        lines.append(
            f"    {names[edge.source]} -> {names[edge.target]} "
            f"[{label}style={_STYLES[edge.kind]}{head}];"
        )
    return "\n".join([*lines, "}"]) + "\n"


def to_text(diagram: Diagram) -> str:
    """Return *diagram* as a numbered list: what a screen reader, a terminal and a print-out show."""
    lines = [shown(diagram.title), shown(diagram.subtitle), *map(shown, diagram.summary), ""]
    number = 0
    for node in diagram.nodes:
        if node.kind == "treatment":
            first = "    - "
        else:
            number += 1
            first = f"{number}. "
        parts = [label_of(node), shown(node.detail), "; ".join(map(shown, node.lines))]
        lines.append(first + ". ".join(part.rstrip(".") for part in parts if part))
    for note in diagram.notes:
        lines += ["", shown(note.title), *(f"  - {shown(line)}" for line in note.lines)]
    return "\n".join([*lines, "", shown(diagram.footer)]) + "\n"


def _names(diagram: Diagram) -> dict[str, str]:
    """Return a name for every node that is a plain word in both languages, and different for each."""
    return {
        node.id: f"n{at}_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in node.id)
        for at, node in enumerate(diagram.nodes)
    }


def _mermaid(text: str) -> str:
    return "".join(
        c if c in _PLAIN or (not c.isascii() and c.isalnum()) else f"#{ord(c)};" for c in text
    )


def _quoted(text: str) -> str:
    """Return *text* as a DOT string. An ampersand begins an entity there, a backslash an escape."""
    escaped = shown(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
