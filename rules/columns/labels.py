"""Text columns from boolean ones: the first of several that holds, and the names of all that hold.

Choosing among numbers and looking the text up once is an order of magnitude cheaper than choosing among texts. Numbers
are columns of their own before anything is looked up by them: databases are told the place in a list in terms that
repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

SEPARATOR = ";"
_TOGETHER = 5
"""So many flags are read as one number: its text is looked up in a list of 2 to that power."""

Cases = Sequence[tuple[Any, str]]
"""Boolean columns, each with what it stands for."""


@dataclass(frozen=True)
class Choice:
    """A text by its place in a list; the place is never null, a text may be."""

    number: Any
    texts: tuple[str | None, ...]


def first_of(cases: Cases, otherwise: str | None) -> Choice:
    """Return the label of the first case whose column is true, else *otherwise*."""
    texts = tuple(dict.fromkeys((*(label for _, label in cases), otherwise)))
    # One is added to the place where lists begin with one: 127 would not fit any more.
    width = "int8" if len(texts) < 127 else "int16"
    at = {text: ibis.literal(number, type=width) for number, text in enumerate(texts)}
    number = (
        ibis.cases(*((holds, at[label]) for holds, label in cases), else_=at[otherwise])
        if cases
        else at[otherwise]
    )
    return Choice(number, texts)


def names_of(flags: Cases) -> list[Choice]:
    """Return the names of all flags that are true, in parts to be joined; a flag is never null.

    Each name stands after a separator.
    """
    return [_part(flags[at : at + _TOGETHER]) for at in range(0, len(flags), _TOGETHER)]


def _part(flags: Cases) -> Choice:
    number: Any = None
    for at, (flag, _) in enumerate(flags):
        bit = flag.cast("int8") * ibis.literal(2**at, type="int8")
        number = bit if number is None else number + bit
    texts = tuple(
        "".join(f"{SEPARATOR}{name}" for at, (_, name) in enumerate(flags) if each >> at & 1)
        for each in range(2 ** len(flags))
    )
    return Choice(number.cast("int8"), texts)


def with_texts(
    table: ir.Table,
    plain: Mapping[str, Any],
    firsts: Mapping[str, Choice],
    names: Mapping[str, Sequence[Choice]],
) -> ir.Table:
    """Return the columns *plain* of *table*, and beside them a text for each of *firsts* and *names*."""
    parts = {
        f"{name}:{at}": choice for name, each in names.items() for at, choice in enumerate(each)
    }
    choices = {**firsts, **parts}
    numbered = table.select(**plain, **{name: each.number for name, each in choices.items()})
    said: dict[str, Any] = {
        name: _looked_up(numbered[name], choice.texts) for name, choice in choices.items()
    }
    joined = {
        name: _joined([said[f"{name}:{at}"] for at in range(len(each))])
        for name, each in names.items()
    }
    spoken = numbered.select(*plain, **{name: said[name] for name in firsts}, **joined)
    # The separator before the first name goes last: taking it away, a database may repeat the text it is taken from.
    texts: dict[str, Any] = {name: spoken[name] for name in names}
    trimmed = {name: text.substr(len(SEPARATOR)) for name, text in texts.items()}
    return spoken.select(*plain, *firsts, **trimmed)


def _looked_up(number: Any, texts: Sequence[str | None]) -> Any:
    return ibis.literal(list(texts), type="array<string>")[number]


def _joined(texts: Sequence[Any]) -> Any:
    if not texts:
        return ibis.literal(SEPARATOR)
    return texts[0].concat(*texts[1:]) if len(texts) > 1 else texts[0]
