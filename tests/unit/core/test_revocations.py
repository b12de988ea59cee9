"""A revocation covers the tokens that it names, and no other."""

import pytest

from core.revocations import earliest_issue
from core.revoked_tokens import KEPT_SECONDS, Revocation, RevokedTokens
from core.tokens import LONGEST_SECONDS

ALL = Revocation("7", created_at=100, issued_until=100)
SPARING = Revocation("7", created_at=100, issued_until=100, spared_family="mine")
FAMILY = Revocation("7", created_at=100, family="lost")


@pytest.mark.parametrize(
    ("revocation", "user_id", "issued_at", "family", "expected"),
    [
        (ALL, "7", 100, "any", True),
        (ALL, "7", 100.9, "any", True),
        (ALL, "7", 101, "any", False),
        (ALL, "8", 1, "any", False),
        (SPARING, "7", 1, "other", True),
        (SPARING, "7", 1, "mine", False),
        (FAMILY, "7", 5000, "lost", True),
        (FAMILY, "7", 1, "other", False),
        (FAMILY, "8", 1, "lost", False),
    ],
)
def test_revocation_covers(revocation: Revocation, user_id: str, issued_at: float, family: str, expected: bool) -> None:
    revoked = RevokedTokens()
    revoked.add(revocation)

    assert revocation.covers(user_id, issued_at, family) is expected
    assert revoked.includes(user_id, issued_at, family) is expected


class TestRevokedTokens:
    def test_a_later_revocation_replaces_what_it_includes(self) -> None:
        revoked = RevokedTokens()
        for revocation in (ALL, SPARING, Revocation("7", created_at=200, issued_until=200)):
            revoked.add(revocation)

        assert len(revoked) == 1
        assert revoked.includes("7", 150, "mine")

    def test_each_of_two_password_changes_spares_only_its_own_family_from_then_on(self) -> None:
        revoked = RevokedTokens()
        revoked.add(SPARING)
        revoked.add(Revocation("7", created_at=200, issued_until=200, spared_family="second"))

        assert revoked.includes("7", 50, "mine")
        assert revoked.includes("7", 50, "second")  # it was dead when the second change spared it
        assert not revoked.includes("7", 150, "second")

    def test_adding_one_again_changes_nothing(self) -> None:
        revoked = RevokedTokens()
        for _ in range(3):
            revoked.add(ALL)
            revoked.add(FAMILY)

        assert len(revoked) == 2

    @pytest.mark.parametrize(("later", "known"), [(101 + LONGEST_SECONDS, 3), (101 + KEPT_SECONDS, 1)])
    def test_what_no_valid_token_can_have_is_forgotten_a_day_later(self, later: int, known: int) -> None:
        revoked = RevokedTokens(now=lambda: later)
        for revocation in (ALL, FAMILY, Revocation("8", created_at=later, family="new")):
            revoked.add(revocation)

        assert len(revoked) == known

    @pytest.mark.parametrize(("now", "created_at"), [(200, 10**10), (10**10, 200)])
    def test_a_clock_that_is_ahead_makes_nothing_be_forgotten(self, now: int, created_at: int) -> None:
        revoked = RevokedTokens(now=lambda: now)
        for revocation in (ALL, FAMILY, Revocation("8", created_at=created_at, family="new")):
            revoked.add(revocation)

        assert len(revoked) == 3


def test_a_new_token_is_issued_later_than_what_is_revoked() -> None:
    assert earliest_issue([], 100) == 100
    assert earliest_issue([FAMILY, ALL], 100) == 101
    assert earliest_issue([ALL], 500) == 500
