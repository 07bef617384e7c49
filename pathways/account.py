"""The account of the founding document: its ledger as loaded, and what in the pathway cites each statement."""

from __future__ import annotations

from pydantic import ValidationError

from pathways.dictionary import Reader
from pathways.yaml_text import read_yaml
from schemas.errors import PathwayError
from schemas.ledger import Ledger
from schemas.pathway import Combination, Finding, Pathway, Rule, Sign, Stage, Treatment


def read_ledger(text: str, file: str = "ledger.yaml") -> Ledger:
    """Read the ledger; raise PathwayError when it is not a complete account of itself."""
    reader = Reader(file, text)
    try:
        return Ledger.model_validate(read_yaml(text, file))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(piece) for piece in first["loc"])
        reader.problem("", "ledger", f"the ledger is wrong at `{place}`", str(first["msg"]))
        raise PathwayError(*reader.problems) from error


def uses_of_statements(pathway: Pathway) -> dict[str, tuple[str, ...]]:
    """Return, for every statement number, the rules, findings, treatments ... that cite it."""
    uses: dict[str, dict[str, None]] = {}
    parts: tuple[Rule | Finding | Treatment | Stage | Sign | Combination, ...] = (
        *pathway.rules.values(), *pathway.findings.values(), *pathway.treatments.values(),
        *pathway.stages.values(), *pathway.signs.values(), *pathway.combinations.values(),
    )  # fmt: skip
    for part in parts:
        for citation in part.sources:
            if citation.tag == "SEED":
                uses.setdefault(citation.key, {})[part.id] = None
    for setting in pathway.settings.values():
        for citation in setting.sources:
            if citation.tag == "SEED":
                uses.setdefault(citation.key, {})[setting.name] = None
    return {key: tuple(found) for key, found in uses.items()}
