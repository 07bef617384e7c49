"""A whole cohort: raw tables read, then decided."""

from __future__ import annotations

import ibis.expr.types as ir

from rules.columns.answer import decide
from rules.columns.reading import RawTables, read
from rules.leaves import Settings
from rules.network import Network
from schemas.pathway import Pathway


def cohort(raw: RawTables, pathway: Pathway, network: Network, settings: Settings) -> ir.Table:
    """Return the answer for every patient of *raw*, one row each.

    The rows must be valid in the sense of `rules.columns.reading.problems`. Nothing is run here: whoever executes the
    table chooses the engine.
    """
    return decide(read(raw, pathway, settings), pathway, network, settings)
