"""One decision as actions to look at: what cards (CDS Hooks) and RequestGroup actions (FHIR) are both written from."""

from api.guidance.action import Action, Draft, Kind, Priority, Source
from api.guidance.drafts import draft_resource
from api.guidance.write import MOST_ACTIONS, guidance, notes

__all__ = [
    "MOST_ACTIONS",
    "Action",
    "Draft",
    "Kind",
    "Priority",
    "Source",
    "draft_resource",
    "guidance",
    "notes",
]
