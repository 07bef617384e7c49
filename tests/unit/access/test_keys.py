"""What is kept of an API key, who may read the file, and how a key ends."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.access.keys import KEY, Key, KeyReader, KeyStore, drawn, matches
from api.keys_report import add_key, list_keys, revoke_key
from schemas.errors import InputError, NotFoundError, SettingsError
from tests.contract.doors import run

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SECONDS = int(NOW.timestamp())


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys.sqlite3")


def new(store: KeyStore, days: int = 1) -> tuple[Key, str]:
    key, text = drawn("a test", "north", ("decide",), SECONDS, SECONDS + days * 86_400)
    store.add(key)
    return key, text


def test_a_key_is_id_and_256_bits_and_no_two_are_alike() -> None:
    texts = {drawn("x", "", ("decide",), 0, 1)[1] for _ in range(1000)}

    assert len(texts) == 1000
    assert all(KEY.fullmatch(text) for text in texts)
    assert len({text.partition(".")[2] for text in texts}) == 1000


@pytest.mark.hazard("H-70")
def test_the_secret_of_a_key_is_nowhere_in_its_file(store: KeyStore) -> None:
    _, text = new(store)
    id, _, secret = text.partition(".")

    kept = b"".join(each.read_bytes() for each in store.file.parent.iterdir())

    assert id.encode() in kept
    assert secret.encode() not in kept
    assert secret[:20].encode() not in kept


@pytest.mark.hazard("H-70")
def test_the_file_of_keys_is_made_for_its_owner_only_whatever_the_umask(store: KeyStore) -> None:
    before = os.umask(0)
    try:
        new(store)
    finally:
        os.umask(before)

    assert store.file.stat().st_mode & 0o777 == 0o600


@pytest.mark.hazard("H-70")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666, 0o644])
def test_a_file_of_keys_that_others_may_read_or_change_is_not_used(
    store: KeyStore, mode: int
) -> None:
    new(store)
    store.file.chmod(mode)

    for use in (store.all, store.any, lambda: store.revoke("x", 1), lambda: new(store)):
        with pytest.raises(SettingsError) as caught:
            use()
        assert caught.value.code == "keys-open-to-others"


@pytest.mark.parametrize(
    "content", [b"", b"not a database" * 100, None], ids=["empty", "text", "other tables"]
)
def test_a_file_that_is_no_file_of_keys_is_said_to_be_none(
    store: KeyStore, content: bytes | None
) -> None:
    if content is None:
        with sqlite3.connect(store.file) as base:
            base.execute("CREATE TABLE entries (id TEXT)")
        base.close()
    else:
        store.file.write_bytes(content)
    store.file.chmod(0o600)

    with pytest.raises(SettingsError) as caught:
        store.all()
    assert caught.value.code == "bad-keys"


def test_only_the_whole_secret_of_that_key_matches(store: KeyStore) -> None:
    key, text = new(store)
    other, _ = new(store)
    id, _, secret = text.partition(".")

    assert matches(key, id, secret)
    for wrong in ("", secret[:-1], secret + "A", secret.swapcase(), text):
        assert not matches(key, id, wrong)
    assert not matches(other, other.id, secret)
    assert not matches(None, id, secret)


def test_a_key_lets_in_until_it_expires_or_is_taken_back(store: KeyStore) -> None:
    key, _ = new(store)

    assert key.holds(SECONDS)
    assert key.holds(SECONDS + 86_399)
    assert not key.holds(SECONDS + 86_400)
    assert store.revoke(key.id, SECONDS + 5)
    assert not store.all()[0].holds(SECONDS + 6)
    assert store.revoke(key.id, SECONDS + 9)
    assert store.all()[0].revoked == SECONDS + 5
    assert not store.revoke("nobody", 1)


def test_a_running_service_sees_what_the_command_does_at_once(store: KeyStore) -> None:
    reader = KeyReader(store.file)
    assert reader.find("anything") is None

    key, _ = new(store)
    assert reader.find(key.id) == key
    store.revoke(key.id, 7)
    found = reader.find(key.id)
    assert found is not None
    assert found.revoked == 7
    reader.close()


def test_a_running_service_notices_that_another_file_was_put_in_its_place(
    store: KeyStore, tmp_path: Path
) -> None:
    key, _ = new(store)
    reader = KeyReader(store.file)
    assert reader.find(key.id) == key

    other = KeyStore(tmp_path / "restored.sqlite3")
    newer, _ = new(other)
    other.file.rename(store.file)

    assert reader.find(key.id) is None
    assert reader.find(newer.id) == newer
    store.file.unlink()
    assert reader.find(newer.id) is None
    reader.close()


@pytest.mark.hazard("H-73")
def test_an_unknown_id_and_a_wrong_secret_take_the_same_time(store: KeyStore) -> None:
    key, text = new(store)
    secret = text.partition(".")[2]
    wrong = "A" * len(secret)
    reader = KeyReader(store.file)
    kinds: dict[str, Callable[[], object]] = {
        "unknown id": lambda: matches(reader.find("a" * 16), "a" * 16, wrong),
        "known id": lambda: matches(reader.find(key.id), key.id, wrong),
        "unknown id, judged": lambda: matches(None, "a" * 16, wrong),
        "known id, judged": lambda: matches(key, key.id, wrong),
        "nearly, judged": lambda: matches(key, key.id, f"{secret[:-1]}~"),
    }
    times: dict[str, list[int]] = {kind: [] for kind in kinds}
    for _ in range(60):
        for kind, judge in kinds.items():
            begun = time.process_time_ns()
            for _ in range(20):
                assert not judge()
            times[kind].append(time.process_time_ns() - begun)
    reader.close()
    took = {kind: statistics.median(each) for kind, each in times.items()}

    assert max(took["unknown id"], took["known id"]) < 1.5 * min(
        took["unknown id"], took["known id"]
    ), took
    # The judging alone, which is a small part of that: an unknown id is hashed too, and no letter is learnt by time.
    judged = [each for kind, each in took.items() if "judged" in kind]
    assert max(judged) < 1.5 * min(judged), took


def test_the_command_makes_lists_and_takes_back_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPPEDCARE_KEYS", str(tmp_path / "k"))
    made = run(
        "keys",
        "add",
        "--label",
        "the EHR",
        "--scope",
        "decide",
        "--scope",
        "audit",
        "--tenant",
        "north",
    )
    text, result, *_ = made.words.splitlines()
    id = text[:16]

    assert KEY.fullmatch(text)
    assert result.startswith(f"added: key {id}, until ")
    listed = run("keys", "list")
    assert listed.code == 0
    assert f"{id}  until " in listed.words
    assert "decide audit  tenant north  the EHR\n1 keys, 1 in force" in listed.words
    assert text.partition(".")[2] not in listed.words
    assert run("keys", "revoke", id).words == f"revoked: key {id}\n"
    assert run("keys", "list").words.endswith("1 keys, 0 in force\n")


def test_a_key_given_whole_to_be_taken_back_is_not_repeated(store: KeyStore) -> None:
    key, text = new(store)

    lines, result, holds = revoke_key({"STEPPEDCARE_KEYS": str(store.file)}, text, NOW)

    assert (lines, result, holds) == ([], f"revoked: key {key.id}", True)


def test_the_command_ends_with_2_for_what_it_cannot_use_and_4_for_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPPEDCARE_KEYS", str(tmp_path / "k"))

    assert run("keys", "add", "--label", "x", "--scope", "everything").code == 2
    assert run("keys", "revoke", "abc").code == 4
    assert run("keys", "list").words == "0 keys, 0 in force\n"
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize(
    ("label", "scopes", "tenant"),
    [
        ("", ["decide"], ""), ("  ", ["decide"], ""), ("x" * 101, ["decide"], ""), ("a\nb", ["decide"], ""),
        ("x", [], ""), ("x", ["Decide"], ""), ("x", ["decide"], "a b"), ("x", ["decide"], "\u00e9"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_described_is_not_made(
    store: KeyStore, label: str, scopes: list[str], tenant: str
) -> None:
    with pytest.raises(InputError):
        add_key({"STEPPEDCARE_KEYS": str(store.file)}, label, scopes, tenant, 1, NOW)

    assert not store.file.exists()


def test_what_was_never_made_cannot_be_taken_back_or_listed(store: KeyStore) -> None:
    told = {"STEPPEDCARE_KEYS": str(store.file)}

    with pytest.raises(NotFoundError):
        revoke_key(told, "x", NOW)
    assert list_keys(told, NOW) == ([], "0 keys, 0 in force", True)
