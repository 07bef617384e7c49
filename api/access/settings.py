"""How the entrance is set up: whose tokens are believed, where the keys are kept, how often a caller may ask."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from api.access.keys import KeyStore
from api.access.scopes import Scope
from api.cds_hooks.settings import Algorithm
from api.strict_json import read_json
from schemas.errors import Problem, SettingsError, SteppedCareError

FILE, KEYS = "STEPPEDCARE_ACCESS", "STEPPEDCARE_KEYS"
USUAL_KEYS = "keys.sqlite3"
"""In the folder the command is called from, unless a site names another file."""
Text = Annotated[str, Field(min_length=1, max_length=300)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Issuer(_Frozen):
    """An authorization server whose access tokens are believed."""

    iss: Text
    audiences: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What a token must be meant for: the name this service has at the server."""
    jwks_file: str | None = None
    """A JWK Set on disk; read again when it changes."""
    jwks_url: str | None = None
    """A JWK Set behind https; fetched when first needed, and again for an unknown `kid`."""
    keys: tuple[dict[str, Any], ...] | None = None
    """The public keys themselves, pinned."""
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES384", "RS384")
    plain_jwt: bool = False
    """Whether a token is believed that does not call itself `at+jwt`, and need not have a `jti`. An identity token
    of the same server then differs from an access token by its audience alone."""
    single_use: bool = False
    """Whether a token lets in once only."""
    most_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3600
    """The longest life of a token, from `iat` to `exp`."""
    scope_claims: Annotated[tuple[Text, ...], Field(min_length=1)] = ("scope", "scp")
    """Where the scopes stand; the first claim that is there counts."""
    scopes: dict[str, Scope] = {}
    """What the server calls our scopes; none named: what we call them."""
    tenant: Annotated[str, Field(max_length=100)] | None = None
    """The tenant of every token; or else:"""
    tenant_claim: Text | None = None
    """The claim that names the tenant."""
    tenants: tuple[str, ...] | None = None
    """Tenants the claim may name; None: any."""

    @field_validator("jwks_url")
    @classmethod
    def _is_https(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme != "https" or not parts.hostname or parts.username is not None:
                raise ValueError("not an https address")
        return value

    @model_validator(mode="after")
    def _says_one_thing(self) -> Issuer:
        if sum(each is not None for each in (self.jwks_file, self.jwks_url, self.keys)) != 1:
            raise ValueError("one of `jwks_file`, `jwks_url` and `keys`")
        if (self.tenant is None) == (self.tenant_claim is None):
            raise ValueError("one of `tenant` and `tenant_claim`")
        return self


class AccessSettings(_Frozen):
    """Settings of the entrance."""

    issuers: tuple[Issuer, ...] = ()
    """Authorization servers whose tokens are believed."""
    open: bool = False
    """True: something in front checks who calls, so nobody is asked here."""
    per_second: Annotated[float, Field(gt=0, le=100_000)] = 50
    """Requests of one caller, on average and in each process."""
    burst: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Requests of one caller at once."""
    keys_file: str = USUAL_KEYS
    """SQLite file of the API keys."""
    everywhere: bool = False
    """Whether callers on this machine are asked too: so as soon as a site names a file of keys or of issuers."""

    @field_validator("issuers")
    @classmethod
    def _are_told_apart(cls, value: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
        if len({issuer.iss for issuer in value}) != len(value):
            raise ValueError("an issuer stands twice")
        if len(value) > 1 and any(each.tenant_claim and each.tenants is None for each in value):
            # One server could name the tenant of another, and read its decisions.
            raise ValueError("with several issuers each names its `tenants`")
        return value

    @property
    def has_keys(self) -> bool:
        """Whether anybody was given a key that was not taken back. Raises SettingsError for a file that is not ours."""
        file = Path(self.keys_file)
        return file.exists() and KeyStore(file).any()


def read_access(environment: Mapping[str, str]) -> AccessSettings:
    """Read the JSON file that `STEPPEDCARE_ACCESS` names, and the path in `STEPPEDCARE_KEYS`.

    Raises SettingsError.
    """
    given: Any = {}
    name, keys = (environment.get(each, "").strip() for each in (FILE, KEYS))
    try:
        if name:
            given = read_json(Path(name).read_bytes())
            if not isinstance(given, dict) or {"keys_file", "everywhere"} & given.keys():
                raise _bad("the file does not hold what it should", "see api/access/README.md")
        if keys:
            given = {**given, "keys_file": keys}
        found = AccessSettings.model_validate({**given, "everywhere": bool(name or keys)})
    except OSError:
        raise _bad("the file cannot be read", "name a JSON file this service may read") from None
    except SettingsError:
        raise
    except SteppedCareError as error:
        raise _bad("the file is not plain JSON", error.problems[0].help) from None
    except ValidationError as error:
        # Only what we call things: what else stands in the file may be somebody's secret in the wrong place.
        places = ", ".join(".".join(map(str, each["loc"])) for each in _known(error))
        raise _bad(f"wrong or unknown: {places or 'a name'}", "see api/access/README.md") from None
    for issuer in found.issuers:
        if issuer.jwks_file is not None and not os.access(issuer.jwks_file, os.R_OK):
            raise _bad("a `jwks_file` cannot be read", "name a JWK Set this service may read")
    return found


def _known(error: ValidationError) -> list[Any]:
    return [each for each in error.errors() if each["type"] != "extra_forbidden"]


def _bad(message: str, help: str) -> SettingsError:
    return SettingsError(Problem(code="bad-setting", message=message, help=help, where=FILE))
