"""Access tokens: what kind, for whom, of which tenant and scope, and for how long one is remembered."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.access.credentials import REMEMBER_SECONDS, Credentials
from api.access.scopes import Caller
from api.access.settings import AccessSettings
from schemas.errors import AccessError, BusyError
from tests.contract.access.entrance import AUDIENCE, KEYS, P384, SERVER, jwk, token

Check = Callable[..., Caller]


def made(issuer: dict[str, Any], **more: Any) -> Credentials:
    told = {"iss": SERVER, "audiences": [AUDIENCE], "keys": KEYS, "tenant": "north", **issuer}
    told = {name: value for name, value in told.items() if value is not None}
    settings = AccessSettings.model_validate({"issuers": [told], "keys_file": "/no/such/file"})
    return Credentials(settings, lambda *_: True, **more)


def check(text: str, **issuer: Any) -> Caller:
    return asyncio.run(made(issuer).check([f"Bearer {text}"]))


def refused(text: str, **issuer: Any) -> bool:
    with pytest.raises(AccessError) as caught:
        check(text, **issuer)
    return caught.value.code == "unauthorized"


def test_an_access_token_says_who_of_which_tenant_may_do_what() -> None:
    found = check(token(scope="decide profile audit"))

    assert (found.tenant, found.scopes) == ("north", {"decide", "audit"})
    assert "somebody" not in found.name


@pytest.mark.hazard("H-58")
@pytest.mark.parametrize("kind", ["JWT", "jwt", None, "id+jwt", "logout+jwt", "dpop+jwt", "", 7])
def test_a_token_that_is_not_called_an_access_token_is_none(kind: Any) -> None:
    assert refused(token(header={"typ": kind}))


def test_a_server_that_writes_plain_tokens_is_believed_where_a_site_says_so() -> None:
    for kind in ("JWT", None, "at+jwt", "application/at+jwt", "AT+JWT"):
        assert check(token(header={"typ": kind}, jti=None), plain_jwt=True)
    for kind in ("id+jwt", "logout+jwt"):
        assert refused(token(header={"typ": kind}), plain_jwt=True)
    # Who lets in once needs something to remember.
    assert refused(token(jti=None), plain_jwt=True, single_use=True)


@pytest.mark.parametrize(
    ("claims", "issuer", "scopes"),
    [
        ({"scope": "decide"}, {}, {"decide"}),
        ({"scope": None, "scp": ["decide", "audit"]}, {}, {"decide", "audit"}),
        ({"scope": "decide", "scp": ["audit"]}, {}, {"decide"}),
        ({"scope": None, "roles": ["audit"]}, {"scope_claims": ["roles"]}, {"audit"}),
        ({"scope": "sc/decide decide"}, {"scopes": {"sc/decide": "decide"}}, {"decide"}),
        ({"scope": "audit"}, {"scopes": {"sc/decide": "decide"}}, set()),
        ({"scope": None}, {}, set()),
        ({"scope": "decided decide-all DECIDE"}, {}, set()),
        ({"scope": {"decide": True}}, {}, set()),
        ({"scope": ["decide", 7, ["audit"]]}, {}, {"decide"}),
        ({"scope": 7}, {}, set()),
    ],
    # A set has no order of its own, and the names of tests must be the same in every process.
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:40],
)
def test_scopes_are_read_strictly_and_by_the_names_of_the_server(
    claims: dict[str, Any], issuer: dict[str, Any], scopes: set[str]
) -> None:
    assert check(token(**claims), **issuer).scopes == scopes


@pytest.mark.hazard("H-60")
def test_the_tenant_is_the_one_a_site_fixed_or_the_one_the_token_names() -> None:
    named = {"tenant": None, "tenant_claim": "org"}

    assert check(token(org="south")).tenant == "north"
    assert check(token(org="south"), **named).tenant == "south"
    assert check(token(org="south"), **named, tenants=["south"]).tenant == "south"
    for wrong in (None, "", "a b", "x" * 101, 7, ["south"], "\u00e9"):
        assert refused(token(org=wrong), **named)
    assert refused(token(org="south"), **named, tenants=["north"])


def test_a_token_lives_no_longer_than_a_site_allows() -> None:
    now = int(time.time())

    assert check(token(exp=now + 3600, iat=now))
    assert refused(token(exp=now + 3601, iat=now))
    assert check(token(exp=now + 7200, iat=now), most_seconds=7200)


def test_a_token_is_remembered_for_a_minute_and_never_beyond_its_end() -> None:
    clock = [time.time()]
    served = [KEYS]
    found = made(
        {"keys": None, "jwks_url": f"{SERVER}/keys"},
        clock=lambda: clock[0],
        read=lambda _: json.dumps({"keys": served[0]}).encode(),
    )
    text = token(exp=int(clock[0]) + 300)

    def ask() -> bool:
        try:
            return bool(asyncio.run(found.check([f"Bearer {text}"])))
        except AccessError:
            return False

    assert ask()
    found.signatures.keys.clear()  # no key of that issuer is known any more
    assert ask()
    clock[0] += REMEMBER_SECONDS + 1
    with pytest.raises(KeyError):
        ask()
    short = made({}, clock=lambda: clock[0])
    text = token(iat=int(clock[0]) - 290, exp=int(clock[0]) + 2)
    assert asyncio.run(short.check([f"Bearer {text}"]))
    clock[0] += 63  # over, with the skew that is allowed
    with pytest.raises(AccessError):
        asyncio.run(short.check([f"Bearer {text}"]))


def test_what_was_refused_once_is_looked_at_anew_and_refused_again() -> None:
    found, text = made({}), token(key=P384, aud="another service")

    for _ in range(3):
        with pytest.raises(AccessError):
            asyncio.run(found.check([f"Bearer {text}"]))


@pytest.mark.hazard("H-58")
@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
def test_a_short_or_secret_key_of_an_issuer_lets_nobody_in() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    keys = [jwk(short, "short"), {"kty": "oct", "kid": "secret", "k": "c2VjcmV0" * 8}]

    assert refused(token(key=short, alg="RS384", header={"kid": "short"}), keys=keys)
    assert refused(token(key=b"s" * 64, alg="HS384", header={"kid": "secret"}), keys=keys)


def test_while_the_keys_cannot_be_looked_up_nobody_is_let_in_or_called_unknown(
    tmp_path: Path,
) -> None:
    file = tmp_path / "keys.sqlite3"
    file.write_bytes(b"rubbish" * 1000)
    found = Credentials(AccessSettings(keys_file=str(file)), lambda *_: True)

    with pytest.raises(BusyError):
        asyncio.run(found.check([f"Bearer {'a' * 16}.{'A' * 43}"]))
    with pytest.raises(AccessError):
        asyncio.run(found.check([]))


@pytest.mark.hazard("H-41")
def test_a_server_of_keys_that_is_silent_keeps_no_more_than_two_threads_waiting() -> None:
    inside, most = [0], [0]
    lock = threading.Lock()

    def silent(_: Any) -> bytes:
        time.sleep(0.05)
        return json.dumps({"keys": KEYS}).encode()

    found = made({"keys": None, "jwks_url": f"{SERVER}/keys"}, read=silent)
    verify = found.signatures.verified

    def counted(*words: Any) -> Any:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        try:
            return verify(*words)
        finally:
            with lock:
                inside[0] -= 1

    found.signatures.verified = counted  # type: ignore[method-assign]

    async def ask() -> list[Caller]:
        return await asyncio.gather(*(found.check([f"Bearer {token()}"]) for _ in range(20)))

    assert len(asyncio.run(ask())) == 20
    assert most[0] == 2
