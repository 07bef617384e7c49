"""A signed token checked once, against the keys of an issuer that was named, by a clock of ours."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from api.access.key_sets import KeySet, KeySource, Read, fits, read_keys
from api.access.refusal import unauthorized

SKEW_SECONDS = 60
LONGEST_TOKEN = 16 * 1024
LONGEST_JTI = 300
_REFUSED_HEADERS = frozenset({"crit", "x5u", "jwk"})
"""Headers that would have us take a key or a duty from the token itself."""
_ONE_JTI = Callable[[str, str, int, int], bool]


class TokenIssuer(KeySource, Protocol):
    """Who signs tokens, and how."""

    @property
    def iss(self) -> str: ...
    @property
    def algorithms(self) -> Sequence[str]: ...
    @property
    def most_seconds(self) -> int: ...


I = TypeVar("I", bound=TokenIssuer)  # noqa: E741


@dataclass(frozen=True, slots=True)
class Verified(Generic[I]):
    """What a token in order says."""

    issuer: I
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    expires: float
    """Seconds since 1970."""


class Signatures(Generic[I]):
    """Checks tokens of some issuers; build it once and share it between threads."""

    def __init__(
        self, issuers: Sequence[I], clock: Callable[[], float], read: Read = read_keys
    ) -> None:
        """*clock* gives seconds since 1970."""
        self.issuers = {issuer.iss: issuer for issuer in issuers}
        self.keys = {issuer.iss: KeySet(issuer, read) for issuer in issuers}
        self.clock = clock

    def verified(
        self, token: str, audiences: Callable[[I], Sequence[str]], require: Callable[[I], list[str]]
    ) -> Verified[I]:
        """Return what *token* says, meant for one of *audiences* and with every claim of *require*.

        Raises AccessError `unauthorized` for everything that is wrong with it, always in the same words.
        """
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            claimed = jwt.decode(token, options={"verify_signature": False})
            return self._verified(token, header, claimed, audiences, require)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError, UnicodeError):
            raise unauthorized() from None

    def _verified(
        self,
        token: str,
        header: Mapping[str, Any],
        claimed: Mapping[str, Any],
        audiences: Callable[[I], Sequence[str]],
        require: Callable[[I], list[str]],
    ) -> Verified[I]:
        import jwt

        iss, kid, alg = claimed.get("iss"), header.get("kid"), header.get("alg")
        issuer = self.issuers.get(iss) if isinstance(iss, str) else None
        if issuer is None or not isinstance(kid, str) or not isinstance(alg, str):
            raise ValueError
        if alg not in issuer.algorithms:
            raise ValueError
        if _REFUSED_HEADERS & set(header):
            raise ValueError
        if "jku" in header and (issuer.jwks_url is None or header["jku"] != issuer.jwks_url):
            raise ValueError
        key = self.keys[issuer.iss].key(kid)
        if key is None or not fits(key, alg):
            raise ValueError
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[alg],
            audience=[*audiences(issuer)],
            issuer=issuer.iss,
            # The clock is ours, so that a test can turn it; the library would ask the machine.
            options={
                "require": ["iss", "aud", "exp", "iat", *require(issuer)],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        return Verified(issuer, header, claims, self._timely(claims, issuer))

    def _timely(self, claims: Mapping[str, Any], issuer: I) -> float:
        """Return the end of the token's life in seconds; raise ValueError when it is over, not begun, or too long."""
        now = self.clock()
        exp, iat, nbf = claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])
        for each in (exp, iat, nbf):
            if isinstance(each, bool) or not isinstance(each, int | float) or not 0 < each < 1e11:
                raise ValueError
        if exp < now - SKEW_SECONDS or iat > now + SKEW_SECONDS or nbf > now + SKEW_SECONDS:
            raise ValueError
        if exp - iat > issuer.most_seconds or exp < iat:
            raise ValueError
        return float(exp)


def used_now(found: Verified[I], first_use: _ONE_JTI, now: float, under: str = "") -> None:
    """Remember that a token was used; raise AccessError when it was before, or has no usable `jti`.

    *first_use* tells whether an issuer's `jti` is new, and keeps it until the token has expired.
    """
    jti = found.claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise unauthorized()
    if not first_use(under + found.issuer.iss, jti, int(found.expires) + SKEW_SECONDS, int(now)):
        raise unauthorized()


def bearer(headers: Sequence[str]) -> str:
    """Return the credential in the only `Authorization` header of a request; raise AccessError for anything else."""
    if len(headers) != 1 or len(headers[0]) > LONGEST_TOKEN:
        raise unauthorized()
    scheme, _, token = headers[0].partition(" ")
    if not hmac.compare_digest(scheme.lower().encode(), b"bearer"):
        raise unauthorized()
    return token.strip()
