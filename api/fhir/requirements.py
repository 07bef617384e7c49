"""What is asked of a record: the one table behind the prefetch of CDS Hooks and the data requirements of FHIR."""

from __future__ import annotations

from dataclasses import dataclass

HOOKS = (
    "patient-view", "order-select", "order-sign", "encounter-start", "problem-list-item-create", "appointment-book",
)  # fmt: skip
_ORDERS = ("order-select", "order-sign")


@dataclass(frozen=True)
class Requirement:
    """One search of a record, or the reading of the patient."""

    key: str
    type: str
    """The resource type."""
    hooks: tuple[str, ...] = HOOKS
    """The hooks that ask for it."""
    required: bool = False
    """Whether nothing is judged without it; everything else that is missing only lowers what can be said."""
    category: str = ""
    """Of an Observation: its category."""
    sort: str = ""
    """The date by which the latest come first."""
    count: int = 0
    """How many at most; zero for a reading. Without it a server may cut its answer short and not say so."""

    @property
    def template(self) -> str:
        """The prefetch template; only tokens and parameters of CDS Hooks 2.0."""
        if not self.count:
            return f"{self.type}/{{{{context.patientId}}}}"
        parts = ["patient={{context.patientId}}"]
        parts += [f"category={self.category}"] if self.category else []
        parts += [f"_sort=-{self.sort}"] if self.sort else []
        return f"{self.type}?{'&'.join((*parts, f'_count={self.count}'))}"


REQUIREMENTS = (
    Requirement("patient", "Patient", required=True),
    Requirement("conditions", "Condition", required=True, count=250),
    Requirement("procedures", "Procedure", count=250),
    Requirement(
        "medications",
        "MedicationRequest",
        hooks=tuple(hook for hook in HOOKS if hook != "appointment-book"),
        count=250,
    ),
    Requirement("scores", "Observation", category="survey", sort="date", count=100),
    Requirement(
        "labs", "Observation", ("patient-view", *_ORDERS),
        category="laboratory", sort="date", count=100,
    ),
    Requirement("allergies", "AllergyIntolerance", _ORDERS, count=100),
    Requirement(
        "imaging", "DiagnosticReport", ("patient-view", *_ORDERS, "appointment-book"),
        sort="date", count=50,
    ),
    Requirement("devices", "Device", ("patient-view", *_ORDERS), count=50),
    Requirement(
        "forms", "QuestionnaireResponse", ("patient-view", "encounter-start"),
        sort="authored", count=20,
    ),
)  # fmt: skip
"""No filter on status: what was tried and has ended matters here."""


def requirements_of(hook: str) -> tuple[Requirement, ...]:
    """Return what *hook* asks for, in the order of the table."""
    return tuple(each for each in REQUIREMENTS if hook in each.hooks)
