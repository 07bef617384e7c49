"""The entrance: every request passes it before anything of it is read, and nobody passes it unseen."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Collection
from functools import lru_cache

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.credentials import Credentials
from api.access.limits import Limit
from api.access.refusal import (
    forbidden,
    not_from_there,
    not_open,
    nothing_there,
    too_many,
    unauthorized,
    wrong_method,
)
from api.access.scopes import Caller
from api.access.table import SCOPE_OF, Need, is_urgent, methods_of, need_of
from api.door import read_body
from api.error_shape import error_response
from api.strict_json import MOST_BYTES, RECORD_BYTES
from schemas.errors import AccessError, SteppedCareError

TENANT = "steppedcare.tenant"
"""Where in a request's scope the tenant of its caller stands; nothing a client sends gets there."""
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_OWN_NAME = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_MEDIA = ("application/json", "application/fhir+json")


class Gate:
    """Lets in who may enter.

    INVARIANT: where callers are asked, nothing of a request but its head is looked at before its credential was
    accepted, and what no row of the table names is answered like what does not exist.
    """

    def __init__(
        self,
        app: ASGIApp,
        credentials: Credentials | None,
        limit: Limit,
        own_tokens: bool = False,
        proxies: Collection[str] = (),
        near_only: bool = False,
        raises_red_sign: Callable[[bytes], bool] | None = None,
    ) -> None:
        """*credentials*: None where nobody is asked. *own_tokens*: whether CDS Hooks and FHIR check tokens themselves.
        *proxies*: networks connections may come from beside this machine; none named: from anywhere, or from this
        machine only when *near_only*. *raises_red_sign* tells it of a body; None: of every body it may be so.
        """
        self.app, self.credentials, self.limit = app, credentials, limit
        self.own_tokens, self.near_only = own_tokens, near_only
        self.proxies = tuple(ipaddress.ip_network(each) for each in proxies)
        self.raises_red_sign = raises_red_sign
        self._welcome = lru_cache(maxsize=1024)(self._is_welcome)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._admitted(scope, receive)
        except _Late as late:
            headers = {"Retry-After": str(math.ceil(late.seconds))}
            await error_response(scope["path"], too_many(), 429, headers)(scope, receive, send)
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
        wait = self.limit.allows(caller.name)
        if wait and not is_urgent(method, path):
            raise _Late(wait)
        return await self._unless_urgent(scope, receive, wait) if wait else receive

    async def _caller(self, credentials: Credentials, headers: Headers) -> Caller:
        try:
            return await credentials.check(headers.getlist("authorization"))
        except AccessError:
            # Made anew: whatever refused it, the answer is the same.
            raise unauthorized() from None

    async def _unless_urgent(self, scope: Scope, receive: Receive, wait: float) -> Receive:
        """Look at what is asked by somebody over the limit: a red sign is answered all the same.

        A patient who can no longer pass urine does not wait because a program in the same clinic asks too much.
        """
        most = RECORD_BYTES if need_of(scope["method"], scope["path"]) is Need.OWN else MOST_BYTES
        try:
            body = await read_body(Request(scope, receive), most, _MEDIA)
        except (HTTPException, SteppedCareError, ClientDisconnect):
            raise _Late(wait) from None
        if not await run_in_threadpool(self._is_urgent, body):
            raise _Late(wait)
        return _again(body, receive)

    def _is_urgent(self, body: bytes) -> bool:
        try:
            return self.raises_red_sign is None or self.raises_red_sign(body)
        except Exception:
            # Whatever goes wrong in looking: the request is then answered in full.
            return True

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


class _Late(Exception):
    """The caller asks too often."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


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


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a way to receive *body*, which was read already, and then whatever comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again
