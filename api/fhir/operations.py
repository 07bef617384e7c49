"""The operations we answer, each as an OperationDefinition: which parameters are taken and which are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from api.fhir.names import HL7, Resource, artifact
from schemas.pathway import Pathway

CPG_APPLY = f"{HL7}/uv/cpg/OperationDefinition/cpg-plandefinition-apply"


@dataclass(frozen=True)
class Parameter:
    """One input of `$apply`."""

    name: str
    type: str
    use: Literal["read", "ignored", "refused"]
    says: str
    least: int = 0


PARAMETERS = (
    Parameter("subject", "string", "read", "Reference to the one patient asked about.", 1),
    Parameter("data", "Bundle", "read", "The record of the patient; any type of Bundle."),
    Parameter("prefetchData", "", "read", "The record in parts `key` and `data`, instead of `data`."),
    Parameter("planDefinition", "PlanDefinition", "read", "At type level: a plan of ours, by its `url`."),
    Parameter("url", "uri", "read", "At type level: the canonical address of a plan of ours."),
    Parameter("version", "string", "read", "Beside `url`: its version."),
    Parameter("encounter", "string", "read", "Reference; repeated in the answer."),
    Parameter("practitioner", "string", "ignored", "Reference; the answer does not depend on it."),
    Parameter("organization", "string", "ignored", "Reference; the answer does not depend on it."),
    Parameter("userType", "CodeableConcept", "ignored", "The answer does not depend on it."),
    Parameter("userLanguage", "CodeableConcept", "ignored", "The answer is in English."),
    Parameter("userTaskContext", "CodeableConcept", "ignored", "The answer does not depend on it."),
    Parameter("setting", "CodeableConcept", "ignored", "The answer does not depend on it."),
    Parameter("settingContext", "CodeableConcept", "ignored", "The answer does not depend on it."),
    Parameter("useServerData", "boolean", "read", "Only false: no patient data is held here."),
    Parameter("dataEndpoint", "Endpoint", "refused", "No data is fetched from elsewhere."),
    Parameter("contentEndpoint", "Endpoint", "refused", "No plan is fetched from elsewhere."),
    Parameter("terminologyEndpoint", "Endpoint", "refused", "No codes are fetched from elsewhere."),
    Parameter("parameters", "Parameters", "refused", "No Library here takes parameters from a request."),
)  # fmt: skip
"""Refused ones are not published; they are named so that the refusal can be told from a slip of the pen."""


def operation_definitions(pathway: Pathway) -> Iterator[Resource]:
    """Yield the definitions of `$apply`, `$r5.apply` and `$data-requirements`."""
    for code, base, gives, says in (
        ("apply", f"{HL7}/OperationDefinition/PlanDefinition-apply", "CarePlan",
         "Evaluate the pathway for one patient; the answer is a draft CarePlan. Takes the parameters of the "
         "operation of the clinical practice guidelines guide, `data` among them, because no patient data is held."),
        ("r5.apply", CPG_APPLY, "Bundle",
         "The same evaluation; the answer is a Bundle with the RequestGroup and everything it refers to."),
    ):  # fmt: skip
        taken = [_parameter(each) for each in PARAMETERS if each.use != "refused"]
        yield _operation(code, base, says, [*taken, _return(gives)], pathway, type_level=True)
    says = (
        "What the pathway needs to know, as a module definition. It is the same for every patient."
    )
    base = f"{HL7}/OperationDefinition/PlanDefinition-data-requirements"
    yield _operation(
        "data-requirements", base, says, [_return("Library")], pathway, type_level=False
    )


def _operation(
    code: str,
    base: str,
    says: str,
    parameters: list[Resource],
    pathway: Pathway,
    *,
    type_level: bool,
) -> Resource:
    found = artifact(
        "OperationDefinition", f"PlanDefinition-{code}", f"PlanDefinition ${code}", says, pathway
    )
    return {
        **found,
        "kind": "operation",
        "affectsState": False,
        "code": code,
        "comment": f"Restricts {base}.",
        "resource": ["PlanDefinition"],
        "system": False,
        "type": type_level,
        "instance": True,
        "parameter": parameters,
    }


def _parameter(parameter: Parameter) -> Resource:
    found: Resource = {
        "name": parameter.name,
        "use": "in",
        "min": parameter.least,
        "max": "*" if parameter.name == "prefetchData" else "1",
        "documentation": parameter.says
        + (" Taken and not used." if parameter.use == "ignored" else ""),
    }
    if parameter.type:
        return found | {"type": parameter.type}
    return found | {
        "part": [
            {"name": "key", "use": "in", "min": 0, "max": "1", "type": "string"},
            {"name": "descriptor", "use": "in", "min": 0, "max": "1", "type": "DataRequirement"},
            {"name": "data", "use": "in", "min": 1, "max": "1", "type": "Resource"},
        ]
    }


def _return(type: str) -> Resource:
    return {"name": "return", "use": "out", "min": 1, "max": "1", "type": type}
