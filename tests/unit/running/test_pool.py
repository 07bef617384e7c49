"""Places and the queue before them."""

from __future__ import annotations

import asyncio

import pytest

from api.running.pool import Pool

pytestmark = pytest.mark.hazard("H-41")


def run(test: object) -> None:
    asyncio.run(test)  # type: ignore[arg-type]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_no_more_than_the_places_are_taken_at_once_and_whoever_waits_gets_the_next() -> None:
    async def test() -> None:
        pool = Pool(1, 8, 10)
        first = await pool.enter()
        second = asyncio.ensure_future(pool.enter())
        await settle()
        assert (pool.in_work, pool.waiting, second.done()) == (1, 1, False)

        pool.leave(first)
        pool.leave(await second)
        assert (pool.in_work, pool.waiting) == (0, 0)

    run(test())


def test_whoever_may_have_a_red_sign_stands_before_the_others() -> None:
    async def test() -> None:
        pool, order = Pool(1, 8, 10), []

        async def work(name: str, first: bool) -> None:
            begun = await pool.enter(first)
            order.append(name)
            pool.leave(begun)

        begun = await pool.enter()
        tasks = [asyncio.ensure_future(work(n, n == "red")) for n in ("one", "two", "red")]
        await settle()
        pool.leave(begun)
        await asyncio.gather(*tasks)
        assert order == ["red", "one", "two"]

    run(test())


def test_there_is_no_room_where_waiting_would_take_too_long_or_too_many_wait() -> None:
    async def test() -> None:
        pool = Pool(1, 2, 1.0)
        pool.seconds = 0.3
        begun = await pool.enter()
        assert pool.has_room()
        waiting = [asyncio.ensure_future(pool.enter()) for _ in range(2)]
        await settle()
        assert not pool.has_room()
        assert pool.has_room(first=True)
        assert not pool.has_room(first=True, most_seconds=0.1)
        pool.seconds = 5.0
        assert pool.has_room(first=True)
        assert not pool.has_room(first=True, most_seconds=1.0)

        pool.leave(begun)
        for task in waiting:
            pool.leave(await task)
        assert pool.in_work == 0

    run(test())


def test_a_place_is_not_lost_with_whoever_gives_up_waiting_for_it() -> None:
    async def test() -> None:
        pool = Pool(1, 8, 10)
        begun = await pool.enter()
        early, late = (asyncio.ensure_future(pool.enter()) for _ in range(2))
        await settle()
        early.cancel()
        await settle()
        assert pool.waiting == 1
        pool.leave(begun)  # handed to the second, who gives up in that very moment
        late.cancel()
        await asyncio.gather(early, late, return_exceptions=True)
        await settle()
        assert (pool.in_work, pool.waiting) == (0, 0)
        assert pool.turn_seconds < 1  # for moments, not for the ten seconds they might have

    run(test())


def test_who_is_overtaken_for_too_long_is_sent_away_and_counts_for_those_who_come() -> None:
    async def test() -> None:
        pool = Pool(1, 8, 0.05)
        begun = await pool.enter()
        hasty = asyncio.ensure_future(pool.enter(patient=False))
        patient = asyncio.ensure_future(pool.enter())
        for _ in range(3):
            red = asyncio.ensure_future(pool.enter(True, patient=False))
            await settle()
            pool.leave(begun)
            begun = await red
        red = asyncio.ensure_future(pool.enter(True, patient=False))
        with pytest.raises(TimeoutError):
            await hasty
        assert (pool.waiting, red.done(), patient.done()) == (2, False, False)
        assert pool.turn_seconds >= 0.1 * 0.05

        pool.leave(begun)
        pool.leave(await red)
        pool.leave(await patient)
        assert (pool.in_work, pool.waiting) == (0, 0)

    run(test())


def test_how_long_others_have_waited_is_no_matter_for_who_may_be_red() -> None:
    async def test() -> None:
        pool = Pool(1, 8, 0.5)
        pool.seconds = 0.01
        begun = await pool.enter()
        waiting = asyncio.ensure_future(pool.enter())
        await settle()
        assert pool.has_room()
        pool.turn_seconds = 0.3
        assert not pool.has_room()
        assert pool.has_room(first=True)

        pool.leave(begun)
        pool.leave(await waiting)

    run(test())


def test_those_in_front_who_ask_again_and_again_do_not_shut_the_door_for_good() -> None:
    async def test() -> None:
        pool = Pool(1, 8, 0.5)
        pool.seconds = 0.01
        begun = await pool.enter()
        pool.turn_seconds = 0.3  # others were overtaken; none of them waits any more
        red = [asyncio.ensure_future(pool.enter(True)) for _ in range(3)]
        await settle()
        assert pool.has_room()

        for each in red:
            pool.leave(begun)
            begun = await each
        pool.leave(begun)

    run(test())


def test_from_turn_to_turn_is_longer_by_all_who_overtake_and_shorter_again_where_none_does() -> (
    None
):
    async def test() -> None:
        pool = Pool(1, 8, 10)
        begun = await pool.enter()
        others = [asyncio.ensure_future(pool.enter()) for _ in range(2)]
        await settle()
        for other in others:
            for _ in range(4):
                red = asyncio.ensure_future(pool.enter(True))
                await asyncio.sleep(0.01)
                pool.leave(begun)
                begun = await red
            pool.leave(begun)
            begun = await other
        # Two turns, each after four who overtook.
        turn = pool.turn_seconds
        assert turn >= 0.19 * 0.04
        pool.leave(begun)

        pool.leave(await pool.enter())
        assert pool.turn_seconds < turn

    run(test())


def test_a_service_that_hangs_or_is_slow_sends_nobody_away_who_waits() -> None:
    async def test() -> None:
        pool = Pool(1, 8, 0.02)
        begun = await pool.enter()
        waiting = asyncio.ensure_future(pool.enter(patient=False))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        pool.leave(begun)
        pool.leave(await waiting)

    run(test())
