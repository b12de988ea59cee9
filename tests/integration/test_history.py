"""The history of each user: its entries, and whether it covers what a client missed."""

import json
import time

import pytest
from redis import Redis

from core.history import EMPTY, Appended, Entry, Gap, History
from tests.epochs import empty
from tests.services import wait_until

USER = "7"


def entry(number: int, *, user_id: str = USER) -> Entry:
    return Entry.encode(number, user_id, "following notify", {"id": number}, int(time.time()))


def append(history: History, *numbers: int) -> list[str]:
    """Append notifications of one user; return their offsets."""
    return offsets(history.append([entry(number) for number in numbers]))


def offsets(appended: Appended) -> list[str]:
    return [push.split(b"\0", 3)[2].decode() for push in appended.pushes]


def numbers(gap: Gap) -> list[int]:
    return [json.loads(packet[2:])[1]["id"] for _, packet in gap.packets]


class TestAppend:
    def test_packet_contains_its_own_offset(self, history: History) -> None:
        [offset] = append(history, 1)

        [(at, packet)] = history.read_after(USER, EMPTY).packets

        assert at == offset
        assert json.loads(packet[2:]) == ["following notify", {"id": 1, "offset": offset}]

    def test_push_contains_the_previous_offset(self, history: History) -> None:
        first, second = history.append([entry(1), entry(2)]).pushes
        third = history.append([entry(3)]).pushes[0]

        places = [push.split(b"\0", 3)[1:3] for push in (first, second, third)]
        assert places[0][0].decode() == EMPTY
        assert [places[1][0], places[2][0]] == [places[0][1], places[1][1]]

    def test_repeated_append_keeps_its_offset_and_adds_nothing(self, history: History) -> None:
        first = append(history, 1, 2)

        again = append(history, 1, 2, 3)

        assert again[:2] == first
        assert numbers(history.read_after(USER, EMPTY)) == [1, 2, 3]

    def test_duplicate_within_a_batch_is_appended_once(self, history: History) -> None:
        append(history, 1, 1)

        assert numbers(history.read_after(USER, EMPTY)) == [1]

    def test_each_user_has_a_separate_history(self, history: History) -> None:
        appended = history.append([entry(1), entry(2, user_id="8")])

        assert appended.begun == [USER, "8"]
        assert numbers(history.read_after("8", EMPTY)) == [2]

    def test_repeated_first_append_reports_a_begun_history(self, history: History) -> None:
        history.append([entry(1)])

        assert history.append([entry(1), entry(2)]).begun == [USER]

    def test_offsets_grow(self, history: History) -> None:
        taken = append(history, *range(1, 50))

        assert sorted(taken, key=lambda offset: [int(part) for part in offset.split("-")]) == taken
        assert len(set(taken)) == len(taken)

    def test_empty_append_sends_no_command(self, history: History) -> None:
        assert history.append([]) == Appended(pushes=[], begun=[], moment=0)

    def test_history_length_is_bounded(self, redis: Redis) -> None:
        history = History(redis, length=10, seconds=3600)

        for start in range(0, 1000, 100):
            append(history, *range(start, start + 100))

        assert 10 <= redis.xlen(f"user:{USER}:history") < 300  # type: ignore[operator]

    def test_unused_history_expires(self, redis: Redis, history: History) -> None:
        append(history, 1)

        assert redis.ttl(f"user:{USER}:history") > 3600  # type: ignore[operator]

    def test_append_publishes_in_order_when_redis_is_the_message_queue(self, redis: Redis) -> None:
        history = History(redis, length=10, seconds=3600, channel="socketio")
        on_canary: list[bytes] = []
        with redis.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe("socketio")
            listener.get_message(timeout=5)

            appended = history.append([entry(1), entry(2)])

            def hear() -> bool:
                if message := listener.get_message(timeout=0.1):
                    on_canary.append(message["data"])
                return len(on_canary) == 2

            wait_until(hear, seconds=10, what="both pushes")
        gap = history.read_after(USER, EMPTY)
        assert appended.pushes == []
        assert [push.split(b"\0", 3)[3] for push in on_canary] == [packet for _, packet in gap.packets]
        assert offsets(Appended(on_canary, [], 0)) == [offset for offset, _ in gap.packets]


class TestReadAfter:
    def test_long_gap_is_returned_in_order(self, history: History) -> None:
        taken = append(history, *range(1, 701))

        gap = history.read_after(USER, taken[99])

        assert gap.is_covered
        assert numbers(gap) == list(range(101, 701))
        assert gap.newest == taken[-1] == history.newest(USER)

    def test_missing_offset_returns_only_the_newest_offset(self, history: History) -> None:
        assert history.read_after(USER, None) == Gap(is_covered=True, packets=[], newest=EMPTY)
        [offset] = append(history, 1)

        assert history.read_after(USER, None) == Gap(is_covered=True, packets=[], newest=offset)

    def test_newest_offset_returns_no_packets(self, history: History) -> None:
        taken = append(history, 1, 2)

        assert history.read_after(USER, taken[-1]) == Gap(is_covered=True, packets=[], newest=taken[-1])

    def test_offset_of_a_notification_is_found(self, history: History) -> None:
        taken = append(history, 1, 2)
        created_at = int(time.time())

        assert [history.offset_of(each, USER, created_at) for each in (1, 2, 3)] == [*taken, None]
        assert history.offset_of(1, "nobody", created_at) is None

    def test_offset_of_an_empty_history_returns_everything(self, history: History) -> None:
        assert history.read_after(USER, EMPTY) == Gap(is_covered=True, packets=[], newest=EMPTY)
        append(history, 1, 2)

        assert numbers(history.read_after(USER, EMPTY)) == [1, 2]

    @pytest.mark.parametrize(
        "offset",
        [
            "1-1",
            "9999999999999-0",
            "99999999999999999999-0",
            "",
            "-",
            "+",
            "$",
            "1",
            "-1-0",
            "\u0661-\u0660",
            "x" * 999,
        ],
    )
    def test_unknown_offset_is_not_covered(self, history: History, offset: str) -> None:
        [newest] = append(history, 1)

        assert history.read_after(USER, offset) == Gap(is_covered=False, packets=[], newest=newest)
        assert not history.read_after("8", offset).is_covered

    def test_trimmed_gap_is_not_covered(self, redis: Redis, history: History) -> None:
        taken = append(history, 1, 2, 3)
        redis.xtrim(f"user:{USER}:history", maxlen=2, approximate=False)

        assert not history.read_after(USER, EMPTY).is_covered
        assert not history.read_after(USER, taken[0]).is_covered
        assert numbers(history.read_after(USER, taken[1])) == [3]

    def test_expired_gap_is_not_covered(self, redis: Redis, history: History) -> None:
        taken = append(history, 1, 2)
        forgetful = History(redis, length=1000, seconds=0)
        wait_until(lambda: time.time() * 1000 > int(taken[-1].partition("-")[0]) + 1, seconds=5, what="a later time")

        assert not forgetful.read_after(USER, taken[0]).is_covered
        assert not forgetful.read_after(USER, EMPTY).is_covered
        assert forgetful.read_after(USER, taken[-1]).is_covered

    def test_flushall_uncovers_every_offset_but_the_first(self, redis: Redis, history: History) -> None:
        taken = append(history, 1, 2)
        empty(redis)

        assert history.read_after(USER, taken[0]) == Gap(is_covered=False, packets=[], newest=EMPTY)

    def test_new_history_after_a_loss_is_not_covered_from_the_beginning(self, redis: Redis, history: History) -> None:
        append(history, 1, 2)
        empty(redis)
        appended = history.append([entry(3), entry(4)])
        taken = offsets(appended)

        assert appended.tick
        history.mark_partial([USER], appended.tick)

        assert not history.read_after(USER, EMPTY).is_covered
        assert numbers(history.read_after(USER, taken[0])) == [4]
        append(history, 5)
        assert not history.read_after(USER, EMPTY).is_covered


class TestReadMany:
    def test_read_many_returns_what_read_after_returns_for_each(self, history: History) -> None:
        told = append(history, *range(1, 6))
        history.append([entry(number, user_id="8") for number in range(1, 451)])
        beginning = history.read_after("8", EMPTY).packets[0][0]
        last_offsets = [None, EMPTY, *told, "1-1", "9999999999999-0", "no offset", "", "5", f"({told[0]}"]
        asked = [(user_id, last_offset) for user_id in (USER, "8", "9") for last_offset in (*last_offsets, beginning)]

        assert history.read_many(asked) == [history.read_after(*one) for one in asked]
