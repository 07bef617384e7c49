"""Data a client did not send, fetched from its FHIR server: only where that was configured, and never further.

A call may name any address. INVARIANT: a connection is made only to a server on our list, over https, to an address
that is not private, without following a redirect, and the token goes nowhere else and is kept nowhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from api.cds_hooks.call import Call
from api.cds_hooks.prefetch import Looked, State, look, next_link
from api.cds_hooks.settings import CdsHooksSettings
from api.fhir.requirements import requirements_of
from api.strict_json import RECORD, RECORD_BYTES, read_json
from schemas.errors import SteppedCareError

if TYPE_CHECKING:
    import httpx

MOST_PAGES = 10
_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))
"""Addresses a gateway turns into IPv4 ones, private ones too."""
_TOKEN = re.compile(r"\{\{\s*context\.patientId\s*\}\}")

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(name: str, port: int) -> list[str]:
    """Return the addresses of *name*, as the system resolves it."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def is_public(address: str) -> bool:
    """Tell whether *address* is one of the open network: not private, local, reserved, or such a one in disguise."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if any(found in network for network in _TRANSLATED):
            return False
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


def allowed_server(call: Call, settings: CdsHooksSettings) -> str | None:
    """Return the server *call* may be answered from, as it stands in the settings; None: nothing is fetched."""
    if call.server is None or call.authorization is None:
        return None
    if call.authorization.patient not in (None, call.patient, f"Patient/{call.patient}"):
        return None
    given = call.server.rstrip("/")
    return given if given in settings.fhir_servers else None


@dataclass(frozen=True)
class Fetcher:
    """Fetches what is missing, within one budget of time for everything."""

    settings: CdsHooksSettings
    resolve: Resolve = resolve
    public: Callable[[str], bool] = is_public
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None
    """For tests: what stands in for the network."""

    async def complete(self, call: Call, looked: Looked) -> Looked:
        """Return *looked* with what could be fetched; what could not stays as it was. Never raises."""
        server = allowed_server(call, self.settings)
        wanted = [
            each
            for each in requirements_of(call.hook)
            if looked.states[each.key] is State.ABSENT or looked.next_links.get(each.key)
        ]
        if server is None or not wanted or call.authorization is None:
            return looked
        found: dict[str, Any] = {}
        try:
            async with asyncio.timeout(self.settings.fetch_seconds):
                async with self._client(call.authorization.token) as web:
                    address = await self._address(server)
                    if address is None:
                        return looked
                    pages = _Pages(web, server, address)
                    await asyncio.gather(
                        *(
                            self._one(pages, each.key, each.template, call, looked, found)
                            for each in wanted
                        )
                    )
        except Exception:
            # Time is up, the name does not resolve, the network is away: all of it means "not supplied".
            pass
        return look(call.hook, {**call.prefetch, **found}) if found else looked

    def _client(self, token: str) -> httpx.AsyncClient:
        import httpx

        return httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=self.settings.fetch_seconds,
            transport=self.transport() if self.transport else None,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"},
        )

    async def _address(self, server: str) -> str | None:
        """Return the one address to connect to; None when any address of the name is not public.

        The connection goes to this very address, so that a name that answers differently a moment later gains nothing.
        """
        parts = urlsplit(server)
        addresses = await self.resolve(parts.hostname or "", parts.port or 443)
        if not addresses or not all(self.public(each) for each in addresses):
            return None
        return addresses[0]

    async def _one(
        self,
        pages: _Pages,
        key: str,
        usual: str,
        call: Call,
        looked: Looked,
        found: dict[str, Any],
    ) -> None:
        try:
            if link := looked.next_links.get(key):
                first: Any = call.prefetch[key]
            else:
                template = self.settings.template(key, usual)
                link = _TOKEN.sub(lambda _: quote(call.patient, safe=""), template)
                if "{{" in link:
                    return
                first = None
            result = await pages.all(link, first)
        except Exception:
            return
        if result is not None:
            found[key] = result


class _Pages:
    """Reads the pages of one server."""

    def __init__(self, web: httpx.AsyncClient, server: str, address: str) -> None:
        self.web, self.server, self.address = web, server, address

    async def all(self, link: str, first: Any) -> Any:
        """Return *first*, or what *link* leads to, with every further page joined to it; None: nothing came.

        Where the pages do not end, or the next is somewhere else, the last `next` link stays: the list is incomplete.
        """
        joined = first if first is not None else await self.read(link)
        if not isinstance(joined, dict):
            return None
        onward = next_link(joined)
        for _ in range(MOST_PAGES):
            if not onward:
                return joined
            page = await self.read(onward)
            if not isinstance(page, dict) or not isinstance(page.get("entry", []), list):
                return joined
            onward = next_link(page)
            joined = {
                **joined,
                "entry": [*joined.get("entry", []), *page.get("entry", [])],
                "link": page.get("link", []),
            }
        return joined

    async def read(self, link: str) -> Any:
        """Return what stands at *link*, which must lie under the server's own base; None for any answer but 200."""
        url = urljoin(f"{self.server}/", link)
        if not url.startswith(f"{self.server}/") or "/../" in url or "\\" in url:
            return None
        parts = urlsplit(url)
        name = f"[{self.address}]" if ":" in self.address else self.address
        port = f":{parts.port}" if parts.port else ""
        target = parts._replace(netloc=f"{name}{port}").geturl()
        host = {"Host": parts.netloc}
        extensions = {"sni_hostname": parts.hostname}
        async with self.web.stream("GET", target, headers=host, extensions=extensions) as answer:
            if answer.status_code != 200:
                return None
            data = bytearray()
            async for part in answer.aiter_bytes():
                data.extend(part)
                if len(data) > RECORD_BYTES:
                    return None
        try:
            return read_json(bytes(data), RECORD_BYTES, RECORD)
        except SteppedCareError:
            return None
