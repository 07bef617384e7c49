"""What is known to be so: codes with what they stand for, and patients with the rules that hold for them.

The list was written down once, from documents that had passed every test, and lies beside this module. The running
service compares itself with it, so that a code that was renamed, a rule that fell silent, or a document that was
exchanged is noticed although everything still runs.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from api.fhir.reading.lexicon import Lexicon
from api.library import get_codes, get_decider, get_pathway
from api.service import get_checker
from rules.truth import TRUE

FILE = "known.json"
Known = dict[str, Any]


@cache
def read_known() -> Known:
    """Return the list as it was written down; raise when it is not there."""
    text = resources.files("api.running").joinpath(FILE).read_text(encoding="utf-8")
    found: Known = json.loads(text)
    return found


def differences(known: Known | None = None) -> Iterator[str]:
    """Yield the name of everything that is not as it is known to be; one step of the work between two of them.

    Yields an empty text for a step in which nothing was wrong, so that others get their turn.
    """
    known = known or read_known()
    for id, part in known.items():
        pathway = get_pathway(id)
        yield "" if pathway.content_hash == part["content"] else "documents"
        lexicon = Lexicon(pathway, get_codes(id))
        for name, uri, code, concept, fact in part["codes"]:
            meant = [(each.concept, each.fact) for each in lexicon.meanings(name, [(uri, code)])]
            if (concept, fact) not in meant:
                yield f"code-of-{concept}"
        for uri, code, agent in part["medicines"]:
            if agent not in [each.id for each in lexicon.agents([(uri, code)])]:
                yield f"code-of-{agent}"
        for agent, *classes in part["classes"]:
            medicine = pathway.medicines.get(agent)
            if medicine is None or list(medicine.classes) != classes:
                yield f"class-of-{agent}"
        yield ""
        for patient in part["patients"]:
            found = holding(id, patient["input"])
            yield from (f"rule-{rule}" for rule in sorted(set(patient["holds"]) ^ set(found)))
            yield ""


def holding(id: str, data: Any) -> list[str]:
    """Return the rules that hold for the input *data* by both voices; none when they fail or differ."""
    voices = get_decider(id).voices
    patient = get_checker(id).check(data, dt.date.min)
    evaluation = voices.evaluate(patient, voices.settings(patient.settings))
    if evaluation.faults:
        return []
    return [
        name.removeprefix("rule:")
        for name, truth in evaluation.nodes.items()
        if truth == TRUE and name.startswith("rule:")
    ]
