"""Marks that wait to be told are merged, and bounded."""

from app.api.mark_requests import MarkRequests
from core.inbox_states import MOST_IDS

READ = ("read_at",)


def test_marks_of_the_same_columns_are_merged() -> None:
    requests = MarkRequests()
    requests.add("7", READ, [1, 3])
    requests.add("8", READ, [4])
    requests.add("7", READ, [2, 3])
    requests.add("7", ("archived_at",), [1])

    assert list(requests.take_all()) == [
        {"user_id": "7", "marks": [[["read_at"], [3, 2, 1], False], [["archived_at"], [1], False]]},
        {"user_id": "8", "marks": [[["read_at"], [4], False]]},
    ]
    assert not requests


def test_the_newest_ids_are_kept() -> None:
    requests = MarkRequests()
    requests.add("7", READ, range(1, MOST_IDS))
    requests.add("7", READ, range(MOST_IDS, MOST_IDS + 11))

    [told] = requests.take_all()

    assert told["marks"] == [[["read_at"], [*range(MOST_IDS + 10, 10, -1)], True]]


def test_users_beyond_the_bound_of_all_ids_are_told_without_ids() -> None:
    requests = MarkRequests()
    users = [str(user) for user in range(250)]
    for user in users:
        assert requests.add(user, READ, range(1, MOST_IDS + 1))

    told = list(requests.take_all())

    sizes = [len(one["marks"][0][1]) for one in told]
    assert sizes == [MOST_IDS] * 200 + [0] * 50
    assert [one["marks"][0][2] for one in told] == [False] * 200 + [True] * 50


def test_users_beyond_the_bound_of_users_are_refused() -> None:
    requests = MarkRequests()

    added = [requests.add(str(user), READ, [1]) for user in range(10_001)]

    assert added == [True] * 10_000 + [False]
    assert requests.add("0", READ, [2])
