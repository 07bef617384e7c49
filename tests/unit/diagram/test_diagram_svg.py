"""A drawing is well-formed, readable, the same every time, and drops nothing that warns."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from xml.etree import ElementTree

import pytest

from rules.diagram import to_dot, to_mermaid, to_svg
from rules.drawing.layout import Layout, lay_out
from rules.drawing.lettering import shown, text_width, wrap
from rules.drawing.svg import STYLES, WAY_OUT
from schemas.decision import Decision
from schemas.diagram import HERE, Diagram, Position
from schemas.pathway import Pathway
from tests.unit.diagram.drawing import (
    SVG,
    contrast,
    hostile,
    parse,
    said,
    squeezed,
    texts_on_ground,
    visible,
)

WIDTHS = (320, 600, 900, 1280)
ALLOWED = {
    "svg": {
        "viewBox", "width", "height", "role", "aria-labelledby", "aria-describedby", "font-family",
    },
    "title": {"id"},
    "desc": {"id"},
    "g": {"role", "class", "aria-hidden", "transform"},
    "a": {"href", "aria-labelledby", "aria-describedby"},
    "rect": {"x", "y", "width", "height", "rx", "fill", "stroke", "stroke-width"},
    "path": {"d", "fill", "stroke", "stroke-width", "stroke-dasharray"},
    "circle": {"cx", "cy", "r", "fill", "stroke", "stroke-width"},
    "text": {"x", "y", "font-size", "font-weight", "fill"},
}  # fmt: skip
HOSTILE = {
    "markup": "</title></desc></text><script>alert(1)</script><image href='http://x.example/'/>",
    "attributes": '" onload="alert(1)" x=\'',
    "a section's end": "]]>--><!-- &lt; &#60; &amp;",
    "controls": "red\x00 \x0b\x1b[31m\ud800sign\x7f",
    "marks that turn the direction": "safe \u202eevil\u2066 \u200b\ufeff",
    "syntax of Mermaid": "end\n  click n0 call x()\n%%{init: {'a': 1}}%% `**b**` #quot; --> A|B|[x](y){z}",
    "syntax of DOT": 'a\\", shape=none]; } digraph x { \\N \\G <b>&lt;</b>',
    "a word longer than the page": "W" * 400,
    "nothing": "",
    "wide letters": "\u65e5\u672c\u8a9e " * 20,
}


def every(drawn: dict[str, Diagram], poster: Diagram) -> dict[str, Diagram]:
    return {"no patient": poster, **drawn}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_drawing_is_well_formed_and_holds_nothing_but_plain_shapes_text_and_links(
    width: int, drawn: dict[str, Diagram], poster: Diagram
) -> None:
    for name, each in every(drawn, poster).items():
        svg = to_svg(each, width)
        assert svg.startswith("<svg "), name
        for element in parse(svg).iter():
            tag = element.tag.removeprefix(SVG)
            assert element.attrib.keys() <= ALLOWED[tag], name
            assert element.attrib.get("href", "#").startswith("#"), name
        assert svg.count("http") == 1, name
        assert "url(" not in svg, name


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_of_links_says_every_node_with_its_word_and_why(
    width: int, drawn: dict[str, Diagram]
) -> None:
    for name, each in drawn.items():
        links = said(to_svg(each, width))
        assert list(links) == [f"#{node.id}" for node in each.nodes], name
        for node in each.nodes:
            title, about = links[f"#{node.id}"]
            assert title == f"{node.title}: {node.word}", name
            assert shown(node.detail).rstrip(".") in about, name
            assert all(shown(line).rstrip(".") in about for line in node.lines), name


def test_lists_hold_nothing_but_items_and_the_treatments_stand_inside_their_stage(
    drawn: dict[str, Diagram],
) -> None:
    for each in drawn.values():
        root = parse(to_svg(each))
        lists = [g for g in root.iter(f"{SVG}g") if g.get("role") == "list"]
        assert len(lists) == 1 + sum(node.kind == "stage" for node in each.nodes)
        for one in lists:
            assert {child.get("role") for child in one} == {"listitem"}
        items = [g for g in root.iter(f"{SVG}g") if g.get("role") == "listitem"]
        assert len(items) == len(each.nodes)
        stage = next(i for i in items if i.find(f"{SVG}a").attrib["href"] == "#stage-S2")
        inside = [a.attrib["href"] for a in stage.iter(f"{SVG}a")]
        assert inside[1:] == [f"#{n.id}" for n in each.nodes if n.parent == "stage-S2"]


def test_every_name_and_description_is_found_and_no_id_stands_twice_on_a_page(
    drawn: dict[str, Diagram],
) -> None:
    each = next(iter(drawn.values()))
    page = f"<body>{to_svg(each)}{to_svg(each, 320, prefix='narrow')}</body>"
    elements = list(ElementTree.fromstring(page).iter())
    ids = [element.attrib["id"] for element in elements if "id" in element.attrib]

    assert len(set(ids)) == len(ids)
    for element in elements:
        for key in ("aria-labelledby", "aria-describedby"):
            assert element.get(key, ids[0]) in ids


@pytest.mark.hazard("H-27")
@pytest.mark.parametrize("width", WIDTHS)
def test_no_drawing_drops_a_red_sign_a_caveat_or_a_missing_answer(
    width: int, pathway: Pathway, looks: dict[str, Decision], drawn: dict[str, Diagram]
) -> None:
    for name, decision in looks.items():
        text = visible(to_svg(drawn[name], width))
        wanted = [*decision.caveats, decision.urgency_text]
        wanted += [sign.title for sign in decision.red_signs]
        wanted += [
            pathway.definition(each.fact).title
            for each in decision.missing
            if each.fact not in ("trials", "medications", "surgeries")
        ]
        assert all(squeezed(each) in text for each in wanted), name
        first = [squeezed(line) for line in drawn[name].summary]
        assert text.index(first[0]) < text.index(squeezed("Red-sign screen")), name


@pytest.mark.parametrize("width", WIDTHS)
def test_every_treatment_is_painted_with_its_verdict_in_words(
    width: int, drawn: dict[str, Diagram]
) -> None:
    for name, each in drawn.items():
        text = visible(to_svg(each, width))
        for node in each.nodes:
            word = node.word.removeprefix(f"{HERE}: ")
            beside = (word, node.title) if node.kind != "stage" else (node.title, word)
            assert squeezed("".join(beside)) in text, name
        assert text.count(squeezed(HERE[:1].upper() + HERE[1:])) == 2, name


@pytest.mark.parametrize("width", WIDTHS)
def test_every_text_stands_out_from_its_ground_by_four_and_a_half_to_one(
    width: int, drawn: dict[str, Diagram], poster: Diagram
) -> None:
    pairs = set()
    for each in every(drawn, poster).values():
        for text, ink, ground in texts_on_ground(to_svg(each, width)):
            assert contrast(ink, ground) >= 4.5, (text, ink, ground)
            pairs.add((ink, ground))

    assert len(pairs) > 12


def test_black_on_white_has_the_greatest_contrast_and_grey_on_grey_has_none() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert contrast("#777777", "#777777") == 1
    assert contrast("#777777", "#ffffff") < 4.5


@pytest.mark.parametrize("position", [None, *Position], ids=str)
def test_every_position_has_legible_words_symbols_and_outline(position: Position | None) -> None:
    style = STYLES[position]

    assert contrast(style.on_band, style.band) >= 4.5
    assert contrast(style.stroke, "#ffffff") >= 3
    assert contrast("#14202b", style.fill) >= 4.5


def test_no_two_positions_look_alike_when_colour_is_taken_away() -> None:
    shapes = {
        position: (style.corner, style.dash, style.width) for position, style in STYLES.items()
    }
    words = {position: position.value for position in Position}

    assert len(set(words.values())) == len(Position)
    close = [(a, b) for a, b in combinations(Position, 2) if shapes[a] == shapes[b]]
    # What is behind the patient and what was never meant for him share a thin square frame; symbol and word differ.
    assert {position for pair in close for position in pair} <= {
        Position.VISITED, Position.TRIED, Position.NOT_INDICATED,
    }  # fmt: skip
    assert (WAY_OUT.corner, WAY_OUT.width) == (
        STYLES[Position.RED_SIGN].corner, STYLES[Position.RED_SIGN].width - 1,
    )  # fmt: skip


@pytest.mark.parametrize("width", [*WIDTHS, 2400])
def test_text_stays_inside_its_box_and_boxes_inside_the_page_without_overlap(
    width: int, drawn: dict[str, Diagram], poster: Diagram
) -> None:
    for name, each in every(drawn, poster).items():
        layout = lay_out(each, width)
        for box in layout.boxes.values():
            assert box.x >= 0, name
            assert box.x + box.w <= layout.width, name
            assert box.y + box.h <= layout.height, name
            for line in box.lines:
                assert line.x + text_width(line.text, line.size, line.bold) <= box.x + box.w, name
                assert box.y < line.y < box.y + box.h, name
        for line in (*layout.head, *layout.summary_lines, *layout.tail):
            assert line.x + text_width(line.text, line.size, line.bold) <= layout.width, name
        for one, other in combinations(layout.boxes.values(), 2):
            if other.node.parent != one.node.id and one.node.parent != other.node.id:
                apart = (
                    one.x + one.w < other.x or other.x + other.w < one.x
                    or one.y + one.h < other.y or other.y + other.h < one.y
                )  # fmt: skip
                assert apart, (name, one.node.id, other.node.id)


@pytest.mark.parametrize("width", WIDTHS)
def test_treatments_side_by_side_are_equally_high(width: int, poster: Diagram) -> None:
    cards = [box for box in lay_out(poster, width).boxes.values() if box.node.kind == "treatment"]
    rows: dict[int, set[int]] = {}
    for box in cards:
        rows.setdefault(box.y, set()).add(box.h)

    assert all(len(heights) == 1 for heights in rows.values())
    assert (len(rows) < len(cards)) is (width > 320)


@pytest.mark.parametrize("width", WIDTHS)
def test_arrows_join_their_boxes_and_labels_lie_on_no_box(
    width: int, drawn: dict[str, Diagram], poster: Diagram
) -> None:
    for name, each in every(drawn, poster).items():
        layout = lay_out(each, width)
        assert len(layout.routes) == sum(edge.kind != "member" for edge in each.edges)
        for route in layout.routes:
            for end, (x, y) in (
                (route.edge.source, route.points[0]),
                (route.edge.target, route.points[-1]),
            ):
                box = layout.boxes[end]
                assert box.x - 7 <= x <= box.x + box.w + 7, name
                assert box.y - 7 <= y <= box.y + box.h + 7, name
            assert no_box_under(layout, route.plate), (name, route.edge)


def no_box_under(layout: Layout, plate: tuple[int, int, int, int]) -> bool:
    x, y, w, h = plate
    return all(
        x + w <= box.x or box.x + box.w <= x or y + h <= box.y or box.y + box.h <= y
        for box in layout.boxes.values()
    )


def test_a_narrow_drawing_stands_in_one_column_and_keeps_its_size_of_type(poster: Diagram) -> None:
    layout = lay_out(poster, 320)
    lefts = {box.x for box in layout.boxes.values() if box.node.kind != "treatment"}
    sizes = {line.size for box in layout.boxes.values() for line in box.lines}

    assert len(lefts) == 1
    assert min(sizes) >= 13
    assert layout.width == 320


@pytest.mark.parametrize("asked", [-5, 0, 319])
def test_a_drawing_is_never_narrower_than_a_telephone(asked: int, poster: Diagram) -> None:
    assert parse(to_svg(poster, asked)).attrib["viewBox"].startswith("0 0 320 ")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_comes_out_as_text_in_every_format(text: str, poster: Diagram) -> None:
    each = hostile(poster, text)
    calm = hostile(poster, "x")

    for width in (320, 1280):
        root = parse(to_svg(each, width))
        for element in root.iter():
            assert element.attrib.keys() <= ALLOWED[element.tag.removeprefix(SVG)]
        texts = "".join(t.text or "" for t in root.iter(f"{SVG}text"))
        assert squeezed(shown(text)) in squeezed(texts)
        assert not any(not c.isprintable() for c in texts)
    for export in (to_mermaid, to_dot):
        got, plain = export(each), export(calm)
        assert len(got.splitlines()) == len(plain.splitlines())
        assert all(c.isprintable() or c == "\n" for c in got)
        got.encode()
    for line in to_mermaid(each).splitlines()[1:]:
        assert line.count('"') in (0, 2)
        assert "%" not in line
        assert "<" not in line
        assert "`" not in line
    for line in to_dot(each).splitlines():
        assert quotes_are_paired(line), line


def quotes_are_paired(line: str) -> bool:
    """Read *line* as DOT does: a backslash takes the next character with it."""
    inside, at = False, 0
    while at < len(line):
        if line[at] == "\\":
            at += 1
        elif line[at] == '"':
            inside = not inside
        elif (
            not inside
            and line[at]
            not in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ =,;[]{}->"
        ):
            return False
        at += 1
    return not inside


@pytest.mark.hazard("H-38")
def test_the_same_diagram_has_the_same_bytes_whatever_the_hash_seed(
    drawn: dict[str, Diagram],
) -> None:
    each = next(iter(drawn.values()))
    program = (
        "import sys; from schemas.diagram import Diagram; from rules.diagram import *; "
        "d = Diagram.model_validate_json(sys.stdin.read()); "
        "sys.stdout.buffer.write((to_svg(d) + to_svg(d, 320) + to_mermaid(d) + to_dot(d)).encode())"
    )
    expected = to_svg(each) + to_svg(each, 320) + to_mermaid(each) + to_dot(each)

    for seed in ("0", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", program], input=each.model_dump_json().encode(),
            capture_output=True, check=True, timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert run.stdout == expected.encode()


def test_two_drawings_of_one_decision_are_the_same(
    pathway: Pathway, looks: dict[str, Decision], drawn: dict[str, Diagram]
) -> None:
    from rules.diagram import diagram

    for name, decision in looks.items():
        assert to_svg(diagram(pathway, decision)) == to_svg(drawn[name])


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        pytest.param("one two three", 1000, ["one two three"], id="fits on a line"),
        pytest.param("one two", 40, ["one", "two"], id="breaks between words"),
        pytest.param("", 100, [], id="nothing has no lines"),
    ],
)
def test_lines_break_between_words(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, 13, width) == lines


def test_what_is_cut_says_so_and_a_long_word_is_broken_without_loss() -> None:
    assert wrap("alpha beta gamma delta", 13, 50, most=2)[-1].endswith("…")
    assert "".join(wrap("W" * 100, 13, 90)) == "W" * 100
