"""The workload as variables of OpenFisca behind its own web API: one variable a fact, one with a formula a conclusion.

Runs in the peers' own environment, without steppedcare; PEERS_RULES names the file of rules.
"""

import json
import os
from pathlib import Path

import numpy
from openfisca_core.entities import build_entity
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable
from openfisca_web_api.app import create_app

Person = build_entity(key="person", plural="persons", label="A patient", is_person=True)
KINDS = {"bool": bool, "int": int, "float": float, "str": str}


def _variable(name, kind, formula=None):
    said = {
        "value_type": KINDS[kind],
        "entity": Person,
        "definition_period": DateUnit.MONTH,
        "label": name,
    }
    return type(name, (Variable,), said if formula is None else {**said, "formula": formula})


def _formula(source):
    def formula(person, period):
        yes = numpy.full(person.count, True)
        return eval(source, {"v": lambda name: person(name, period), "np": numpy, "yes": yes})

    return formula


def system():
    """Return the system of facts and conclusions."""
    rules = json.loads(Path(os.environ["PEERS_RULES"]).read_text("utf-8"))
    found = TaxBenefitSystem([Person])
    # Its web API wants at least one, to show an example of it.
    found.parameters = ParameterNode("", data={"unused": {"values": {"2000-01-01": {"value": 1}}}})
    for name, kind in rules["facts"].items():
        found.add_variable(_variable(name, kind))
    for name, source in rules["columns"].items():
        compiled = compile(source, name, "eval")
        found.add_variable(_variable(name, "bool", _formula(compiled)))
    return found


app = create_app(system())
