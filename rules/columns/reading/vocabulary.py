"""Which medicine a name means and what it belongs to, as a small table to join with."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import cast

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from schemas.pathway import Medicine, Pathway

FACTOR_PLACES = 3
"""Decimal places of a morphine factor that are kept; more are refused."""
_NO_FACTOR = 0
"""Written for a medicine without a factor: Ibis hands memory tables to Spark by way of pandas, where nulls get lost."""

_BLANKS = "[-\\s\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
"""Hyphens and whatever counts as a blank; spelled out, since some engines mean only ASCII by a blank."""
_DOTTED_I = "\u0130"
"""A capital that some engines lower to a plain i, others to i with a dot above, as our own reading does."""


def flag_of(words: tuple[str, ...]) -> str:
    """Return the column that tells whether a medicine is one of *words* or belongs to one of them."""
    return "is__" + "__".join(words)


def plain_column(names: ir.Value) -> ir.StringValue:
    """Return names in the plain spelling of `schemas.pathway.plain_spelling`."""
    text = cast(ir.StringValue, names).re_replace(_DOTTED_I, "i\u0307").lower()
    return text.re_replace(_BLANKS, " ").strip()


def vocabulary(pathway: Pathway, sets: Iterable[tuple[str, ...]]) -> ir.Table:
    """Return one row per spelling: `spelling`, `medicine` (a number), `factor` (in thousandths), a flag per set.

    Raises NotImplementedError for a morphine factor with more places than are kept.
    """
    numbers = {name: at for at, name in enumerate(pathway.medicines)}
    spelled = pathway.spellings
    medicines = list(spelled.values())
    columns: dict[str, pa.Array] = {
        "spelling": pa.array(list(spelled), pa.string()),
        "medicine": pa.array([numbers[m.id] for m in medicines], pa.int64()),
        "factor": pa.array([_thousandths(m.mme_factor) for m in medicines], pa.int64()),
    }
    for words in dict.fromkeys(sets):
        flags = [_is_one_of(medicine, words) for medicine in medicines]
        columns[flag_of(words)] = pa.array(flags, pa.bool_())
    return ibis.memtable(pa.table(columns))


def classified(rows: ir.Table, names: ir.Table) -> ir.Table:
    """Add to *rows* (with `agent`) what *names* says of its medicine; all null for one that is not listed."""
    joined = rows.mutate(spelling=plain_column(rows["agent"])).left_join(names, "spelling")
    factor = cast(ir.IntegerValue, joined["factor"])
    return joined.mutate(factor=ibis.ifelse(factor == _NO_FACTOR, ibis.null("int64"), factor))


def _thousandths(factor: Decimal | None) -> int:
    if factor is None:
        return _NO_FACTOR
    scaled = factor * 10**FACTOR_PLACES
    if scaled != scaled.to_integral_value():
        raise NotImplementedError("a morphine factor has more decimal places than are kept")
    return int(scaled)


def _is_one_of(medicine: Medicine, words: tuple[str, ...]) -> bool:
    return medicine.id in words or any(word in words for word in medicine.classes)
