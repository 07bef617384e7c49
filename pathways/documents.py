"""A literate document as blocks: what kind, which id, which fields, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from pathways.yaml_text import LARGEST, read_yaml
from schemas.errors import PathwayError, Problem
from schemas.provenance import Place

_LINE_END = re.compile(r"\r\n|\n|\r")
_BAR = re.compile(r"(?<!\\)\|")

KINDS = (
    "pathway",
    "rule",
    "finding",
    "sign",
    "treatment",
    "stage",
    "combination",
    "outcome",
    "setting",
)
"""Kinds of block. A fenced block names its kind first; a table is of the kind its first column is called."""


@dataclass(frozen=True)
class Block:
    """One rule, finding, treatment ... as written: fields are text, lists or plain numbers."""

    kind: str
    id: str
    place: Place
    statement: str = ""
    fields: dict[str, Any] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """Return the field *key* as one line of text, empty when it is absent."""
        value = self.fields.get(key, "")
        return " ".join(str(value).split())

    def many(self, key: str) -> tuple[str, ...]:
        """Return the field *key* as a tuple: a YAML list, or text separated by `;`."""
        value = self.fields.get(key, "")
        items = value if isinstance(value, list) else str(value).split(";")
        return tuple(cleaned for item in items if (cleaned := " ".join(str(item).split())))


def read_document(text: str, file: str) -> list[Block]:
    """Return the blocks of one Markdown document, in order.

    Raises PathwayError for a document over 1,000,000 characters, a fenced block that is not YAML,
    or a block of an unknown kind.
    """
    if len(text) > LARGEST:
        raise _problem(file, 1, "document-too-large", "the document is over 1,000,000 characters")
    lines = _LINE_END.split(text)
    # What stands inside a line is taken as written: only blocks are read.
    tokens = MarkdownIt("commonmark").enable("table").disable("inline").parse(text)
    blocks: list[Block] = []
    problems: list[Problem] = []
    statement = ""
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            statement = ""
        elif token.type == "blockquote_open":
            statement = _inside(tokens, at, "blockquote_close")
        elif token.type == "fence" and token.info.strip():
            try:
                blocks.append(_fenced(token, file, statement))
            except PathwayError as error:
                problems.extend(error.problems)
        elif token.type == "table_open":
            try:
                blocks.extend(_table(tokens, at, file, statement, lines))
            except PathwayError as error:
                problems.extend(error.problems)
    if problems:
        raise PathwayError(*problems)
    return blocks


def _fenced(token: Token, file: str, statement: str) -> Block:
    line = (token.map or [0])[0] + 1
    words = token.info.split()
    if words[0] not in KINDS or len(words) != 2:
        raise _problem(
            file, line, "unknown-block", "a fenced block starts with its kind and its id"
        )
    fields = read_yaml(token.content, file, line + 1)
    if not isinstance(fields, dict):
        raise _problem(file, line, "unknown-block", f"`{words[1]}` has no keys")
    return Block(words[0], words[1], Place(file=file, line=line), statement, fields)


def _table(
    tokens: list[Token], at: int, file: str, statement: str, lines: list[str]
) -> list[Block]:
    """Read a table whose first column names a kind of block; any other table is prose."""
    rows: list[tuple[int, list[str]]] = []
    for token_at in range(at, len(tokens)):
        token = tokens[token_at]
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append(((token.map or [0])[0] + 1, []))
        elif token.type == "inline" and rows:
            rows[-1][1].append(token.content.strip())
    header = [name.strip("`").replace(" ", "-") for name in rows[0][1]]
    if not header or header[0] not in KINDS:
        if "when" in header and "source" in header:
            raise _problem(
                file,
                rows[0][0],
                "unknown-block",
                "this table has the columns of rules, but is of no kind",
            )
        return []
    for line, _ in rows[1:]:
        # The Markdown reader cuts off cells beyond the last column; what was meant would be lost.
        if len(_BAR.findall(lines[line - 1].strip().strip("|"))) + 1 > len(header):
            raise _problem(
                file, line, "too-many-cells", "this row has more cells than its table has columns"
            )
    return [
        Block(
            header[0],
            cells[0].strip("`"),
            Place(file=file, line=line),
            statement,
            {name: cell for name, cell in zip(header[1:], cells[1:], strict=False) if cell},
        )
        for line, cells in rows[1:]
    ]


def _inside(tokens: list[Token], at: int, closing: str) -> str:
    texts = []
    for token in tokens[at:]:
        if token.type == closing:
            break
        if token.type == "inline":
            texts.append(" ".join(token.content.split()))
    return " ".join(texts)


def _problem(file: str, line: int, code: str, message: str) -> PathwayError:
    help = f"kinds are {', '.join(KINDS)}; see pathways/README.md"
    return PathwayError(Problem(code=code, message=message, help=help, where=f"{file}:{line}"))
