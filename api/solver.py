"""Whether the solver is here that proofs and equivalences need; it is not part of what a service installs."""

from __future__ import annotations

import importlib.util

from schemas.errors import InputError, Problem


def need_solver(where: str, purpose: str) -> None:
    """Raise InputError when the solver is not installed; *where* is the option that needs it, *purpose* what for."""
    if importlib.util.find_spec("z3") is None:
        raise InputError(
            Problem(
                code="solver-missing",
                message=f"the solver that {purpose} is not installed",
                help="`make test` installs it; it is the package z3-solver",
                where=where,
            )
        )
