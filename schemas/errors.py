"""What can go wrong with a request or a document, and how it is told.

    SteppedCareError            the request or the document cannot be used at all
    ├── InputError              one or more problems in what a client sent
    ├── SettingsError           a settings profile or file that cannot be used
    ├── PathwayError            documents that do not load; holds every diagnostic found
    ├── MissingDataError        the record lacks what any answer needs; sending it makes the request right
    ├── AccessError             the client has not shown who it is, or may not do this
    ├── BusyError               too much at once; the same request is right a moment later
    ├── ConflictError           the request does not fit what an earlier one has settled
    ├── NotFoundError           a pathway, case or decision nobody here has
    └── EngineFault             the rule engine did not complete; never the client's fault

A *missing fact* is none of these: it is an answer (`Decision.missing`).
No message contains a value, a key or a text of the client.
"""

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """One thing wrong: a stable code, the problem, the way out, and the place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    message: str
    help: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}\n  help: {self.help}"


class SteppedCareError(Exception):
    """Base of all our errors; carries at least one problem."""

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("an error needs at least one problem")
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    @property
    def code(self) -> str:
        return self.problems[0].code


class InputError(SteppedCareError):
    """The client's input cannot be used; nothing was evaluated and nothing was stored."""


class MissingDataError(SteppedCareError):
    """Data without which nothing can be judged did not come; nothing was evaluated."""


class AccessError(SteppedCareError):
    """The client is unknown (code `unauthorized`) or not allowed (code `forbidden`); it is not told why."""


class BusyError(SteppedCareError):
    """The service has too much to do at once; nothing was read."""


class ConflictError(SteppedCareError):
    """The request does not fit what is recorded; nothing was changed."""


class StorageError(SteppedCareError):
    """The disk is full or cannot be written, or work on it was stopped; what was finished is kept."""


class SettingsError(SteppedCareError):
    """A settings profile names an unknown setting or a value outside its range."""


class PathwayError(SteppedCareError):
    """The documents of a pathway do not load; every diagnostic is shown together."""


class NotFoundError(SteppedCareError):
    """The thing asked for does not exist here."""


class EngineFault(Exception):
    """The rule engine did not complete an evaluation, or its answer cannot be trusted.

    Carries only our own words: a message of the engine could hold a patient's facts.
    """
