"""Who calls: the token of a call checked, once, against the keys of the clients that were named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.access.key_sets import Read, read_keys
from api.access.refusal import forbidden, unauthorized
from api.access.signed import Signatures, bearer, used_now
from api.cds_hooks.settings import Client
from api.cds_hooks.state import State


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
        read: Read = read_keys,
    ) -> None:
        """*clock* gives seconds since 1970."""
        self.signatures = Signatures(clients, clock, read)
        self.state, self.clock = state, clock

    def check(self, headers: Sequence[str], url: str, service: str | None) -> Caller:
        """Return who calls *url*, from the `Authorization` *headers* of the call.

        Raises AccessError: `unauthorized` for everything that is wrong with a token, always in the same words;
        `forbidden` for a token in order whose client may not call *service* or not for that tenant.
        """
        token = bearer(headers)
        if token.count(".") != 2:
            raise unauthorized()
        found = self.signatures.verified(
            token, lambda client: [url, *client.audiences], lambda _: ["jti"]
        )
        client, tenant = found.issuer, found.claims.get("tenant")
        if tenant is not None and not isinstance(tenant, str):
            raise unauthorized()
        used_now(found, self.state.first_use, self.clock())
        if (
            client.services is not None and service is not None and service not in client.services
        ) or (client.tenants is not None and tenant not in client.tenants):
            raise forbidden()
        return Caller(client, tenant)
