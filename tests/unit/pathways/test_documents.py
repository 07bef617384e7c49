"""A literate document is read as blocks: what kind, which id, which fields, which line, under which sentence."""

from __future__ import annotations

import pytest

from pathways.documents import KINDS, Block, read_document
from pathways.yaml_text import LARGEST
from schemas.errors import PathwayError, Problem

DOCUMENT = """\
# A harbour

Prose says how we read it.

> Ships keep off the rocks. (Pilot, 1)

```rule keep-off
effect: block
when: fog
says: no ship leaves in fog
```

| rule | effect | when | says | do not |
|---|---|---|---|---|
| `lamp` | advise | dusk | light the lamp | let it go out |
| bell | advise | fog or dusk | ring the bell | |

## Another topic

| ship | sails |
|---|---|
| brig | square |

```
a drawing, which is no block
```

> Ropes are checked
> every day. (Pilot, 2)

> Ropes are kept dry. (Pilot, 3)

| finding | when | says |
|---|---|---|
| wet_rope | rain | the rope is wet |
"""


def blocks(text: str) -> list[Block]:
    return read_document(text, "harbour.md")


def refusals(text: str) -> list[Problem]:
    with pytest.raises(PathwayError) as caught:
        blocks(text)
    return list(caught.value.problems)


def test_fenced_blocks_and_rows_are_found_in_order_and_prose_is_left_alone() -> None:
    assert [(b.kind, b.id) for b in blocks(DOCUMENT)] == [
        ("rule", "keep-off"),
        ("rule", "lamp"),
        ("rule", "bell"),
        ("finding", "wet_rope"),
    ]


def test_a_block_knows_the_line_it_stands_on() -> None:
    lines = DOCUMENT.splitlines()

    assert [lines[b.place.line - 1] for b in blocks(DOCUMENT)] == [
        "```rule keep-off",
        "| `lamp` | advise | dusk | light the lamp | let it go out |",
        "| bell | advise | fog or dusk | ring the bell | |",
        "| wet_rope | rain | the rope is wet |",
    ]
    assert {b.place.file for b in blocks(DOCUMENT)} == {"harbour.md"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_lines_are_counted_the_same_whatever_ends_them(end: str) -> None:
    found = blocks(DOCUMENT.replace("\n", end))

    assert [b.place.line for b in found] == [b.place.line for b in blocks(DOCUMENT)]
    assert [b.fields for b in found] == [b.fields for b in blocks(DOCUMENT)]


def test_a_block_stands_under_the_last_sentence_quoted_beneath_its_heading() -> None:
    statements = {b.id: b.statement for b in blocks(DOCUMENT)}

    assert statements == {
        "keep-off": "Ships keep off the rocks. (Pilot, 1)",
        "lamp": "Ships keep off the rocks. (Pilot, 1)",
        "bell": "Ships keep off the rocks. (Pilot, 1)",
        "wet_rope": "Ropes are kept dry. (Pilot, 3)",
    }


def test_a_quotation_of_several_lines_is_one_sentence_and_a_heading_ends_its_reach() -> None:
    text = (
        "> Ropes are\n> checked. (2)\n\n```rule a\nx: 1\n```\n\n## Next\n\n```rule b\nx: 1\n```\n"
    )

    assert [b.statement for b in blocks(text)] == ["Ropes are checked. (2)", ""]


def test_a_row_is_a_block_written_in_one_line() -> None:
    keep_off, lamp, bell, _ = blocks(DOCUMENT)

    assert keep_off.fields == {
        "effect": "block",
        "when": "fog",
        "says": "no ship leaves in fog",
    }
    assert lamp.fields == {
        "effect": "advise",
        "when": "dusk",
        "says": "light the lamp",
        "do-not": "let it go out",
    }
    assert "do-not" not in bell.fields


def test_a_stroke_inside_a_cell_is_written_with_a_backslash() -> None:
    (block,) = blocks("| rule | when |\n|---|---|\n| a | x \\| y |\n")

    assert block.fields == {"when": "x | y"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_of_the_kind_its_first_column_is_called(kind: str) -> None:
    text = f"| {kind} | says |\n|---|---|\n| a | b |\n"

    assert [(b.kind, b.id) for b in blocks(text)] == [(kind, "a")]


@pytest.mark.parametrize(
    "header", ["procedure", "Rule", "the rule", "", "usually held before"], ids=repr
)
def test_a_table_whose_first_column_is_called_otherwise_is_prose(header: str) -> None:
    assert blocks(f"| {header} | class |\n|---|---|\n| a | b |\n") == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("    rule: a\n", id="an indented text"),
        pytest.param("```\nrule: a\n```\n", id="a fence without a word"),
        pytest.param("| rule | says |\n| a | b |\n", id="strokes without a table"),
        pytest.param("<!--\n```rule a\nx: 1\n```\n-->\n", id="a remark"),
        pytest.param("`rule a`\n", id="words in backticks"),
    ],
)
def test_what_is_no_fence_and_no_table_holds_no_block(text: str) -> None:
    assert blocks(text) == []


def test_a_block_may_stand_in_a_list_or_in_a_quotation() -> None:
    text = "- a point\n\n  ```rule a\n  x: 1\n  ```\n\n> ```rule b\n> x: 2\n> ```\n"

    assert [(b.id, b.fields, b.place.line) for b in blocks(text)] == [
        ("a", {"x": 1}, 3),
        ("b", {"x": 2}, 7),
    ]


def test_a_list_is_written_in_yaml_or_with_semicolons_and_text_on_several_lines_is_one_line() -> (
    None
):
    (block,) = blocks(
        "```rule a\nsource: [SEED S1, 'V  KEY']\non: nsaid;  opioid ;\nsays: >-\n  one\n  two\n```\n"
    )

    assert block.many("source") == ("SEED S1", "V KEY")
    assert block.many("on") == ("nsaid", "opioid")
    assert block.many("agents") == ()
    assert block.text("says") == "one two"
    assert block.text("do") == ""


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize(
    "info",
    [
        pytest.param("rul a", id="a mistyped kind"),
        pytest.param("Rule a", id="a capital"),
        pytest.param("rule", id="no id"),
        pytest.param("rule a b", id="two ids"),
        pytest.param("python", id="a program"),
    ],
)
def test_a_fence_that_is_no_block_is_refused_and_never_passed_over(info: str) -> None:
    (problem,) = refusals(f"# A harbour\n\n```{info}\nx: 1\n```\n")

    assert (problem.code, problem.where) == ("unknown-block", "harbour.md:3")
    assert "rule" in problem.help


@pytest.mark.parametrize("inside", ["", "only words", "- a\n- b"], ids=["empty", "text", "a list"])
def test_a_block_without_keys_is_refused(inside: str) -> None:
    (problem,) = refusals(f"```rule a\n{inside}\n```\n")

    assert (problem.code, problem.where) == ("unknown-block", "harbour.md:1")


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize(
    ("inside", "code", "line"),
    [
        pytest.param("when: a\nwhen: b", "yaml", 5, id="a key twice"),
        pytest.param("when: &a b\nsays: *a", "yaml-alias", 4, id="an alias"),
        pytest.param("when: a\nsays: !!python/name:os.system", "yaml-tag", 5, id="a tag"),
        pytest.param("when: [[[[[[[[[[[[[[", "yaml-too-deep", 4, id="too deep"),
        pytest.param("when: a: b", "yaml", 4, id="a colon inside text"),
    ],
)
def test_a_hostile_block_is_refused_with_the_line_in_its_document(
    inside: str, code: str, line: int
) -> None:
    (problem,) = refusals(f"# A harbour\n\n```rule a\n{inside}\n```\n")

    assert (problem.code, problem.where) == (code, f"harbour.md:{line}")


def test_every_block_that_cannot_be_read_is_told_at_once() -> None:
    problems = refusals(
        "```rule a\nx: !y 1\n```\n\n```rul b\nx: 1\n```\n\n```rule c\nx: y: z\n```\n"
    )

    assert [(p.code, p.where) for p in problems] == [
        ("yaml-tag", "harbour.md:2"),
        ("unknown-block", "harbour.md:5"),
        ("yaml", "harbour.md:10"),
    ]


@pytest.mark.hazard("H-72")
def test_a_document_is_refused_from_the_first_character_too_many() -> None:
    text = "x" * LARGEST

    assert blocks(text) == []
    (problem,) = refusals(text + "x")
    assert (problem.code, problem.where) == ("document-too-large", "harbour.md:1")


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize(
    "header",
    [
        pytest.param("| rules | effect | when | source |", id="a mistyped kind"),
        pytest.param("| id | effect | when | source |", id="another word for the id"),
    ],
)
def test_a_table_that_has_the_keys_of_a_rule_is_never_taken_for_prose(header: str) -> None:
    text = f"{header}\n|---|---|---|---|\n| a | block | fog | C |\n"

    (problem,) = refusals(text)

    assert (problem.code, problem.where) == ("unknown-block", "harbour.md:1")


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize(
    "row",
    [
        pytest.param("| a | block | fog | or dusk |", id="closed by a stroke"),
        pytest.param("| a | block | fog | or dusk", id="not closed"),
        pytest.param("a | block | fog | or dusk", id="neither opened nor closed"),
        pytest.param("| a | block | fog \\| haze | or dusk |", id="beside a stroke of its own"),
    ],
)
def test_a_row_with_more_cells_than_its_table_has_columns_is_refused(row: str) -> None:
    text = f"| rule | effect | when |\n|---|---|---|\n| b | block | haze |\n{row}\n"

    (problem,) = refusals(text)

    assert (problem.code, problem.where) == ("too-many-cells", "harbour.md:4")


def test_a_row_with_fewer_cells_than_its_table_has_columns_leaves_the_last_ones_out() -> None:
    (block,) = blocks("| rule | effect | when |\n|---|---|---|\n| a | block\n")

    assert block.fields == {"effect": "block"}


@pytest.mark.hazard("H-35")
def test_a_sign_that_only_looks_like_a_line_end_does_not_hide_a_row_with_too_many_cells() -> None:
    text = "Prose \u2028 goes on.\n\n| rule | effect |\n|---|---|\n| a | block | fog |\n"

    assert refusals(text)[0].where == "harbour.md:5"
