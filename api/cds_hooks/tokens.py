"""Who calls: the token of a call checked, once, against the keys of the clients that were named."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.cds_hooks.keys import KeySet, fits, read_keys
from api.cds_hooks.settings import Client
from api.cds_hooks.state import State
from schemas.errors import AccessError, Problem

SKEW_SECONDS = 60
LONGEST_TOKEN = 16 * 1024
LONGEST_JTI = 300
_REFUSED_HEADERS = frozenset({"crit", "x5u", "jwk"})
"""Headers that would have us take a key or a duty from the token itself."""


@dataclass(frozen=True)
class Caller:
    """A client that has shown who it is."""

    client: Client
    tenant: str | None = None


class Tokens:
    """Checks tokens; build it once and share it between threads."""

    def __init__(
        self,
        clients: Sequence[Client],
        state: State,
        clock: Callable[[], float],
        read: Callable[[Client], bytes] = read_keys,
    ) -> None:
        """*clock* gives seconds since 1970."""
        self.clients = {client.iss: client for client in clients}
        self.keys = {client.iss: KeySet(client, read) for client in clients}
        self.state, self.clock = state, clock

    def check(self, headers: Sequence[str], url: str, service: str | None) -> Caller:
        """Return who calls *url*, from the `Authorization` *headers* of the call.

        Raises AccessError: `unauthorized` for everything that is wrong with a token, always in the same words;
        `forbidden` for a token in order whose client may not call *service* or not for that tenant.
        """
        import jwt

        token = _bearer(headers)
        try:
            header = jwt.get_unverified_header(token)
            claimed = jwt.decode(token, options={"verify_signature": False})
            caller = self._verified(token, header, claimed, url)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError, UnicodeError):
            raise unauthorized() from None
        allowed = caller.client.services
        tenants = caller.client.tenants
        if (allowed is not None and service is not None and service not in allowed) or (
            tenants is not None and caller.tenant not in tenants
        ):
            raise AccessError(
                Problem(
                    code="forbidden",
                    message="this client may not do that",
                    help="ask whoever runs this service",
                    where="Authorization",
                )
            )
        return caller

    def _verified(
        self, token: str, header: Mapping[str, Any], claimed: Mapping[str, Any], url: str
    ) -> Caller:
        import jwt

        iss, kid, alg = claimed.get("iss"), header.get("kid"), header.get("alg")
        client = self.clients.get(iss) if isinstance(iss, str) else None
        if client is None or not isinstance(kid, str) or alg not in client.algorithms:
            raise ValueError
        if _REFUSED_HEADERS & set(header):
            raise ValueError
        if "jku" in header and (client.jwks_url is None or header["jku"] != client.jwks_url):
            raise ValueError
        key = self.keys[client.iss].key(kid)
        if key is None or not fits(key, alg):
            raise ValueError
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[alg],
            audience=[url, *client.audiences],
            issuer=client.iss,
            # The clock is ours, so that a test can turn it; the library would ask the machine.
            options={
                "require": ["iss", "aud", "exp", "iat", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        expires = self._timely(claims, client)
        jti, tenant = claims["jti"], claims.get("tenant")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
            raise ValueError
        if tenant is not None and not isinstance(tenant, str):
            raise ValueError
        if not self.state.first_use(
            client.iss, jti, int(expires) + SKEW_SECONDS, int(self.clock())
        ):
            raise ValueError
        return Caller(client, tenant)

    def _timely(self, claims: Mapping[str, Any], client: Client) -> float:
        """Return the end of the token's life in seconds; raise ValueError when it is over, not begun, or too long."""
        now = self.clock()
        exp, iat, nbf = claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])
        for each in (exp, iat, nbf):
            if isinstance(each, bool) or not isinstance(each, int | float) or not 0 < each < 1e11:
                raise ValueError
        if exp < now - SKEW_SECONDS or iat > now + SKEW_SECONDS or nbf > now + SKEW_SECONDS:
            raise ValueError
        if exp - iat > client.most_seconds or exp < iat:
            raise ValueError
        return float(exp)


def unauthorized() -> AccessError:
    """Return the one refusal: it does not say what was wrong, so nobody learns how near they came."""
    return AccessError(
        Problem(
            code="unauthorized",
            message="the call carries no token that is accepted here",
            help="send a signed token of CDS Hooks 2.0, made for this address and used once",
            where="Authorization",
        )
    )


def _bearer(headers: Sequence[str]) -> str:
    if len(headers) != 1 or len(headers[0]) > LONGEST_TOKEN:
        raise unauthorized()
    scheme, _, token = headers[0].partition(" ")
    if not hmac.compare_digest(scheme.lower().encode(), b"bearer") or token.count(".") != 2:
        raise unauthorized()
    return token.strip()
