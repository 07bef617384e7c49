"""The entrance: every request passes it before anything of it is read, and nobody passes it unseen."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.allowance import Allowance, TooOftenError
from api.access.credentials import Credentials
from api.access.refusal import (
    forbidden,
    not_from_there,
    not_open,
    nothing_there,
    unauthorized,
    wrong_method,
)
from api.access.scopes import Caller
from api.access.table import SCOPE_OF, Need, methods_of, need_of
from api.error_shape import error_response
from schemas.errors import AccessError, SteppedCareError

TENANT = "steppedcare.tenant"
"""Where in a request's scope the tenant of its caller stands; nothing a client sends gets there."""
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_OWN_NAME = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)


class Gate:
    """Lets in who may enter.

    INVARIANT: where callers are asked, nothing of a request but its head is looked at before its credential was
    accepted, and what no row of the table names is answered like what does not exist.
    """

    def __init__(
        self,
        app: ASGIApp,
        credentials: Credentials | None,
        allowance: Allowance,
        own_tokens: bool = False,
        proxies: Collection[str] = (),
        near_only: bool = False,
    ) -> None:
        """*credentials*: None where nobody is asked. *own_tokens*: whether CDS Hooks and FHIR check tokens themselves.
        *proxies*: networks connections may come from beside this machine; none named: from anywhere, or from this
        machine only when *near_only*.
        """
        self.app, self.credentials, self.allowance = app, credentials, allowance
        self.own_tokens, self.near_only = own_tokens, near_only
        self.proxies = tuple(ipaddress.ip_network(each) for each in proxies)
        self._welcome = lru_cache(maxsize=1024)(self._is_welcome)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._admitted(scope, receive)
        except TooOftenError as error:
            await error_response(scope["path"], error, 429, error.headers)(scope, receive, send)
            return
        except _WrongMethod as error:
            headers = {"Allow": ", ".join(error.allowed)}
            await error_response(scope["path"], wrong_method(), 405, headers)(scope, receive, send)
            return
        except SteppedCareError as error:
            await error_response(scope["path"], error)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """Return where the body is to be received from; raise when the request is not let in."""
        if not self._welcome((scope.get("client") or ("",))[0]):
            raise not_from_there()
        if self.credentials is None:
            return receive
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        need = need_of(method, path)
        if need is Need.NOTHING or (need is Need.OWN and self.own_tokens):
            return receive
        if need is Need.NEAR and is_near(scope, headers):
            return receive
        caller = await self._caller(self.credentials, headers)
        if need is None:
            raise _WrongMethod(allowed) if (allowed := methods_of(path)) else nothing_there()
        if need is Need.LOCAL:
            raise not_open()
        if need in SCOPE_OF and SCOPE_OF[need] not in caller.scopes:
            raise forbidden()
        scope[TENANT] = caller.tenant
        scope.setdefault("state", {})["caller"] = caller
        wait = self.allowance.limit.allows(caller.name)
        return await self.allowance.unless_urgent(scope, receive, wait) if wait else receive

    async def _caller(self, credentials: Credentials, headers: Headers) -> Caller:
        try:
            return await credentials.check(headers.getlist("authorization"))
        except AccessError:
            # Made anew: whatever refused it, the answer is the same.
            raise unauthorized() from None

    def _is_welcome(self, address: str) -> bool:
        """Tell whether a connection may come from *address*. What is no address of a network came by other means."""
        try:
            peer = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return True
        peer = getattr(peer, "ipv4_mapped", None) or peer
        if peer.is_loopback or not (self.near_only or self.proxies):
            return True
        return any(peer in network for network in self.proxies)


class _WrongMethod(Exception):
    """The address is there, and does not take that method."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__()
        self.allowed = allowed


def is_near(scope: Scope, headers: Headers) -> bool:
    """Tell whether a request comes from this machine, and through no proxy on it.

    A proxy is known by what it passes on: where the request came from, or the public name it was addressed to.
    """
    address = (scope.get("client") or ("",))[0]
    try:
        near = ipaddress.ip_address(address).is_loopback
    except ValueError:
        near = False
    return (
        near
        and _OWN_NAME.fullmatch(headers.get("host", "")) is not None
        and not any(name in headers for name in FORWARDED)
    )
