"""A credential in, a caller out: API keys and access tokens, and one refusal for everything else."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from anyio import to_thread

from api.access.key_sets import Read, read_keys
from api.access.keys import KEY, KeyReader, matches
from api.access.refusal import store_away, unauthorized
from api.access.scopes import SCOPES, Caller, Scope
from api.access.settings import AccessSettings, Issuer
from api.access.signed import Signatures, Verified, bearer, used_now
from api.turns import Turns

TYPES = ("at+jwt", "application/at+jwt")
REMEMBER_SECONDS = 60
"""How long a token that was checked is let in without checking its signature again: a key that its issuer has taken
back lets nobody in for longer than this."""
MOST_REMEMBERED = 10_000
TURNS = 2
"""Tokens checked at the same time. A server of keys that is slow to answer, and strangers who send tokens of it, then
wait among themselves and not in the places where decisions are made."""
_turns = Turns("tokens-checked", TURNS)
_TENANT = re.compile(r"[!-~]{1,100}")

FirstUse = Callable[[str, str, int, int], bool]


class Credentials:
    """Checks credentials; for one event loop."""

    def __init__(
        self,
        settings: AccessSettings,
        first_use: FirstUse,
        clock: Callable[[], float] = time.time,
        read: Read = read_keys,
    ) -> None:
        """*clock* gives seconds since 1970; *first_use* remembers tokens that let in only once."""
        self.settings, self.first_use, self.clock = settings, first_use, clock
        self.reader = KeyReader(Path(settings.keys_file))
        self.signatures = Signatures(settings.issuers, lambda: self.clock(), _pinned(read))
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def check(self, headers: Sequence[str]) -> Caller:
        """Return who calls, from the `Authorization` *headers* of a request.

        Raises AccessError, always the same, for a credential that lets nobody in; BusyError while keys or used tokens
        cannot be looked up.
        """
        token = bearer(headers)
        if token.count(".") == 2 and self.settings.issuers:
            return await self._of_token(token)
        return self._of_key(token)

    def _of_key(self, token: str) -> Caller:
        if not KEY.fullmatch(token):
            raise unauthorized()
        id, _, secret = token.partition(".")
        try:
            key = self.reader.find(id)
        except (OSError, sqlite3.Error):
            raise store_away() from None
        if not matches(key, id, secret) or key is None or not key.holds(self.clock()):
            raise unauthorized()
        return Caller(f"key {id}", key.tenant, frozenset(key.scopes))

    async def _of_token(self, token: str) -> Caller:
        digest, now = hashlib.sha256(token.encode("utf-8", "replace")).digest(), self.clock()
        until, known = self._known.get(digest, (0.0, None))
        if known is not None and now < until:
            return known
        found = await to_thread.run_sync(self._verified, token, limiter=_turns.limiter())
        caller = _caller(found)
        if found.issuer.single_use:
            await to_thread.run_sync(
                used_now, found, self.first_use, now, "access ", limiter=_turns.limiter()
            )
        else:
            self._known[digest] = min(now + REMEMBER_SECONDS, found.expires), caller
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return caller

    def _verified(self, token: str) -> Verified[Issuer]:
        return self.signatures.verified(token, lambda issuer: issuer.audiences, _required)


def _required(issuer: Issuer) -> list[str]:
    return [] if issuer.plain_jwt and not issuer.single_use else ["jti"]


def _caller(found: Verified[Issuer]) -> Caller:
    """Return who a token that was checked speaks for; raise AccessError when it is no access token of ours."""
    issuer, claims = found.issuer, found.claims
    kind = found.header.get("typ")
    if not (isinstance(kind, str) and kind.lower() in TYPES) and not (
        issuer.plain_jwt and (kind is None or kind in ("JWT", "jwt"))
    ):
        raise unauthorized()
    if "jti" in _required(issuer) and not isinstance(claims.get("jti"), str):
        raise unauthorized()
    return Caller(_name(issuer, claims), _tenant(issuer, claims), _scopes(issuer, claims))


def _name(issuer: Issuer, claims: Any) -> str:
    """Return what stands for whoever holds the token: who it is may be a person, so only a hash of it is used."""
    who = [claims.get(claim) for claim in ("client_id", "azp", "sub")]
    digest = hashlib.sha256(json.dumps(who, sort_keys=True, default=str).encode()).hexdigest()
    return f"token {issuer.iss} {digest[:16]}"


def _tenant(issuer: Issuer, claims: Any) -> str:
    if issuer.tenant_claim is None:
        return issuer.tenant or ""
    named = claims.get(issuer.tenant_claim)
    if not isinstance(named, str) or not _TENANT.fullmatch(named):
        raise unauthorized()
    if issuer.tenants is not None and named not in issuer.tenants:
        raise unauthorized()
    return named


def _scopes(issuer: Issuer, claims: Any) -> frozenset[Scope]:
    said = next((claims[each] for each in issuer.scope_claims if each in claims), ())
    words = said.split(" ") if isinstance(said, str) else said
    if not isinstance(words, list | tuple):
        return frozenset()
    names = issuer.scopes or dict(zip(SCOPES, SCOPES, strict=True))
    return frozenset(names[word] for word in words if isinstance(word, str) and word in names)


def _pinned(read: Read) -> Read:
    def found(source: Any) -> bytes:
        if isinstance(source, Issuer) and source.keys is not None:
            return json.dumps({"keys": source.keys}, default=str).encode()
        return read(source)

    return found
