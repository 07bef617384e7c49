"""Writes down what is known to be so, from the documents as they are: `python -m tests.unit.running.write_known`.

To be run after a change of the documents, when every other test has passed: from then on the running service takes
what is written here as right. The difference to the last list shows what a change has changed.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import api.running.known
from api.library import get_codes, get_pathway, pathway_ids
from api.running.known import FILE, Known, holding
from tests.properties.patients import generator_of

TARGET = Path(api.running.known.__file__).with_name(FILE)
TRIES = 60


def written(known: Known) -> str:
    """Return *known* as it stands in the file: a line for each code and each patient."""
    lines = ["{"]
    for at, (id, part) in enumerate(known.items()):
        lines += [f'"{id}": {{', f'"content": {json.dumps(part["content"])},']
        lists = [name for name in part if name != "content"]
        for name in lists:
            rows = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in part[name]]
            lines += [f'"{name}": [', ",\n".join(rows), "]," if name != lists[-1] else "]"]
        lines.append("}," if at < len(known) - 1 else "}")
    return "\n".join([*lines, "}", ""])


def found(with_patients: bool = True) -> Known:
    """Return everything that is known now; patients are the part that takes time."""
    return {id: _part(id, with_patients) for id in pathway_ids()}


def _part(id: str, with_patients: bool) -> dict[str, Any]:
    lists = get_codes(id)
    uris = {name: system.uri for name, system in lists.systems.items() if system.uri}
    return {
        "content": get_pathway(id).content_hash,
        "codes": [
            [name, uris[code.system], code.code, concept.id, concept.fact]
            for name, concepts in lists.concepts.items()
            for concept in concepts
            for code in concept.codes
            if code.system in uris
        ],
        "medicines": [
            [uris[code.system], code.code, agent]
            for agent, codes in lists.medicines.items()
            for code in codes
            if code.system in uris
        ],
        "classes": [[each.id, *each.classes] for each in get_pathway(id).medicines.values()],
        "patients": list(_patients(id)) if with_patients else [],
    }


def _patients(id: str) -> Iterator[dict[str, Any]]:
    """Yield few patients, so that every rule holds for one of them."""
    generator, rng = generator_of(id), random.Random("known")
    wanted = dict.fromkeys(get_pathway(id).rules)
    candidates: list[tuple[dict[str, Any], set[str]]] = []
    missing = set(wanted)
    for rule in wanted:
        if rule not in missing:
            continue
        for _ in range(TRIES):
            data = generator.for_rule(rule, rng)
            try:
                held = set(holding(id, data))
            except Exception:  # a made-up patient that nobody could send
                continue
            if rule in held:
                candidates.append((data, held))
                missing -= held
                break
    while wanted:
        data, held = max(candidates, key=lambda each: len(each[1] & wanted.keys()))
        gained = held & wanted.keys()
        if not gained:
            break
        for rule in gained:
            del wanted[rule]
        yield {"input": json.loads(json.dumps(data, default=float)), "holds": sorted(held)}


def main() -> int:
    """Write the list; say what it holds, and which rules nobody was found for."""
    known = found()
    TARGET.write_text(written(known), encoding="utf-8")
    for id, part in known.items():
        held = {rule for patient in part["patients"] for rule in patient["holds"]}
        without = sorted(get_pathway(id).rules.keys() - held)
        print(f"{id}: {len(part['codes'])} codes, {len(part['patients'])} patients")
        print(f"rules that hold for nobody: {', '.join(without) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
