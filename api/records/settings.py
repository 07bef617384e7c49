"""How the decision log is set up; nothing is kept unless a site says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, ValidationError

from api.records.keys import needs_key, read_key
from schemas.errors import Problem, SettingsError

RECORD, DATABASE, SPOOL = "STEPPEDCARE_RECORD", "STEPPEDCARE_DATABASE", "STEPPEDCARE_SPOOL"
USUAL_DATABASE = "decisions.sqlite3"


class RecordSettings(BaseModel):
    """Settings of the decision log."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    record: Literal["none", "receipt", "full"] = "none"
    """`none`: patient data is written nowhere; `receipt`: hashes and no patient facts; `full`: the whole decision."""
    database: str = Field(default=USUAL_DATABASE, repr=False, min_length=1, max_length=2000)
    """The path of a SQLite file, or postgresql://user@host/database."""
    key: SecretBytes | None = None
    """The secret behind every code and pseudonym of the log."""
    spool: str = Field(default="", max_length=2000)
    """The file for what is decided while the database is away; empty: beside the SQLite file, or in this folder."""
    wait_seconds: float = Field(default=0.5, gt=0, le=10)
    """For the database, before the spool is used instead."""

    @property
    def spool_file(self) -> Path:
        if self.spool:
            return Path(self.spool)
        if "://" not in self.database:
            return Path(f"{self.database}-spool")
        return Path(f"{USUAL_DATABASE}-spool")


def read_records(environment: Mapping[str, str]) -> RecordSettings:
    """Read `STEPPEDCARE_RECORD`, `_DATABASE`, `_SPOOL`, and the key where anything is to be kept.

    Raises SettingsError for an unknown word, for a log without a key, and for a weak or open key.
    """
    given = {
        field: value
        for field, name in (("record", RECORD), ("database", DATABASE), ("spool", SPOOL))
        if (value := environment.get(name, "").strip())
    }
    try:
        found = RecordSettings.model_validate(given)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise SettingsError(
            Problem(
                code="bad-setting",
                message="a setting of the decision log cannot be used",
                help="none, receipt or full" if field == "record" else "give a path or an address",
                where=f"STEPPEDCARE_{field.upper()}",
            )
        ) from None
    if found.record == "none":
        return found
    key = read_key(environment)
    if key is None:
        raise needs_key()
    return found.model_copy(update={"key": key})
