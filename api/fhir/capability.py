"""What this server says it can do; a test calls all of it, and nothing else answers."""

from __future__ import annotations

from api.fhir.names import BASE, HL7, Resource, pruned
from api.fhir.operations import CPG_APPLY
from api.fhir.store import SEARCHED, TYPES, parameters_of
from api.library import get_pathway, pathway_ids, program_version

_OPERATIONS = (
    ("apply", f"{HL7}/OperationDefinition/PlanDefinition-apply",
     "Takes the parameters of the guide's operation: `data` or `prefetchData` hold the record, because no patient "
     f"data is held here. See {BASE}/OperationDefinition/PlanDefinition-apply."),
    ("r5.apply", CPG_APPLY, "The same evaluation; the answer is a Bundle."),
    ("data-requirements", f"{HL7}/OperationDefinition/PlanDefinition-data-requirements", "Instance level only."),
)  # fmt: skip


def capability_statement(address: str) -> Resource:
    """Return the CapabilityStatement of the server at *address* (its FHIR base)."""
    released = max(get_pathway(id).released for id in pathway_ids())
    return {
        "resourceType": "CapabilityStatement",
        "id": "steppedcare",
        "url": f"{BASE}/CapabilityStatement/steppedcare",
        "version": program_version().partition("+")[0],
        "name": "SteppedCare",
        "title": "steppedcare: clinical reasoning",
        "status": "draft",
        "experimental": True,
        "date": released,
        "publisher": "steppedcare",
        "description": "Read-only. Publishes pathways and evaluates them for one patient whose record comes with the "
        "request; keeps no patient data. Decision support for clinicians: it never orders.",
        "kind": "instance",
        "software": {"name": "steppedcare", "version": program_version()},
        "implementation": {"description": "steppedcare", "url": address},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [_resource(type) for type in TYPES]}],
    }  # fmt: skip


def _resource(type: str) -> Resource:
    operations = [
        {"name": name, "definition": definition, "documentation": says}
        for name, definition, says in _OPERATIONS
        if type == "PlanDefinition"
    ]
    found: Resource = pruned(
        {
            "type": type,
            "interaction": [
                {"code": code} for code in ("read", "vread", "history-instance", "search-type")
            ],
            "versioning": "versioned",
            "searchParam": [
                {"name": name, "type": SEARCHED[name][0]} for name in parameters_of(type)
            ],
            "operation": operations,
        }
    )
    # Told apart from "not said": nothing is written here, so no version is ever the wrong one to write over.
    return found | {"conditionalCreate": False, "conditionalUpdate": False}
