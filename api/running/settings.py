"""How much is done at once, how long anybody waits, and how the service watches itself."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import Problem, SettingsError

PREFIX = "STEPPEDCARE_"


class RunningSettings(BaseModel):
    """Read from `STEPPEDCARE_` and the name in capitals; the defaults are for two cores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_in_work: int = Field(1, ge=1, le=64)
    """Decisions made at once in one process. More only pass the interpreter around, and keep a red sign waiting for it;
    two where the disk of the decision log is slow."""
    most_waiting: int = Field(128, ge=1, le=10_000)
    """Requests that wait for one of these places."""
    wait_seconds: float = Field(0.5, gt=0, le=30)
    """A request that would wait longer is refused at once."""
    red_seconds: float = Field(0.4, gt=0, le=30)
    """After this time a patient with an open red sign gets the red signs alone, whatever else is still worked on."""
    answer_seconds: float = Field(8, gt=0, le=120)
    """After this time every patient gets an answer that says it is incomplete."""
    engine_seconds: float = Field(3, gt=0, le=60)
    """A rule engine that is silent for longer is left alone; decisions then say they are incomplete."""
    stop_seconds: int = Field(10, ge=1, le=300)
    """How long work that has begun may go on after the service was told to stop."""
    test_seconds: float = Field(60, ge=1, le=3600)
    """Time between two self-tests."""
    most_connections: int = Field(4_000, ge=10, le=100_000)
    """Open connections of one process; the longest idle are closed first."""
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")


def read_running(environment: Mapping[str, str]) -> RunningSettings:
    """Read the settings of this folder; raise SettingsError for one that cannot be used."""
    given = {
        name: environment[PREFIX + name.upper()].strip()
        for name in RunningSettings.model_fields
        if environment.get(PREFIX + name.upper(), "").strip()
    }
    try:
        settings = RunningSettings.model_validate(given)
        if not all(
            math.isfinite(v) for v in settings.model_dump().values() if isinstance(v, float)
        ):
            raise ValueError("not finite")
    except (ValidationError, ValueError) as error:
        places = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
        raise SettingsError(
            Problem(
                code="bad-setting",
                message="a setting of the service cannot be used",
                help="give a number within the limits that api/running/README.md names",
                where=PREFIX + (str(places[0]).upper() if places else "WAIT_SECONDS"),
            )
        ) from None
    return settings
