"""A foreign token is accepted only under the algorithm that its key has, and with the claims that the settings ask."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest

from core import tokens
from core.foreign_tokens import ForeignRules
from core.provider_keys import FixedKeys
from core.public_keys import PublicKey, of
from core.token_verifier import LONGEST_TOKEN, TokenVerifier
from core.tokens import ANYBODY, Claims, ExpiredToken, InvalidToken, Parties
from tests.token_keys import SigningKey, key_of

SECRET = "0123456789abcdef" * 4
KINDS = ("RSA", "EC", "OKP")
DAY = 24 * 3600
USER = "7"  # of the foreign tokens
OWN = 9  # of the tokens of our own secret


class ById(FixedKeys):
    """Takes the place of a provider: its keys have ids."""

    def __init__(self, *keys: SigningKey) -> None:
        self.listed = [of(key.public, key.kid) for key in keys]
        super().__init__(self.listed)

    def find(self, key_id: str | None, algorithm: str) -> list[PublicKey]:
        return [key for key in self.listed if (key.id, key.algorithm) == (key_id, algorithm)]


def verifier(
    *keys: SigningKey, secrets: tuple[str, ...] = (), user_claim: str = "sub", parties: Parties = ANYBODY
) -> TokenVerifier:
    rules = ForeignRules(user_claim, parties, leeway_seconds=30)
    return TokenVerifier(secrets, ById(*keys), rules, has_own=bool(secrets))


def verify(kind: str = "EC", **claims: Any) -> Claims:
    key = key_of(kind)
    return verifier(key).verify(key.sign(**{"sub": 7, **claims}))


def with_head(head: dict[str, Any], key: bytes) -> str:
    """Sign the claims of a user by an HMAC, under any header."""
    parts = [head, {"sub": 7, "exp": int(time.time()) + 600}]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return (signed + b"." + base64.urlsafe_b64encode(hmac.digest(key, signed, "sha256")).rstrip(b"=")).decode()


class TestKeys:
    @pytest.mark.parametrize("kind", KINDS)
    def test_token_of_the_host_is_accepted(self, kind: str) -> None:
        assert verify(kind).user_id == USER

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("other", KINDS)
    def test_token_of_another_key_with_the_same_id_is_refused(self, kind: str, other: str) -> None:
        forged = SigningKey(other) if other != "RSA" else key_of("RSA", "forged")

        with pytest.raises(InvalidToken):
            verifier(key_of(kind)).verify(forged.sign(sub=7, headers={"kid": "first"}))

    @pytest.mark.parametrize("kind", KINDS)
    def test_token_under_the_id_of_a_key_of_another_type_is_refused(self, kind: str) -> None:
        known = [SigningKey("EC", "ec"), key_of("RSA", "rsa"), SigningKey("OKP", "okp")]
        signing = {"EC": known[0], "RSA": known[1], "OKP": known[2]}[kind]

        for key_id in {"ec", "rsa", "okp"} - {signing.kid}:
            with pytest.raises(InvalidToken):
                verifier(*known).verify(signing.sign(sub=7, headers={"kid": key_id}))

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("algorithm", ["HS256", "HS512", "RS256", "ES256", "EdDSA", "none", "", None, 5, ["RS256"]])
    def test_public_key_is_never_the_secret_of_an_hmac(self, kind: str, algorithm: object) -> None:
        key = key_of(kind)
        for secret in (key.pem.encode(), key.pem.strip().encode(), json.dumps(key.jwk).encode(), b""):
            forged = with_head({"alg": algorithm, "kid": key.kid}, secret)
            for accepting in (verifier(key), verifier(key, secrets=(SECRET,))):
                with pytest.raises(InvalidToken):
                    accepting.verify(forged)

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
    def test_token_without_a_signature_is_refused(self, algorithm: str) -> None:
        token = with_head({"alg": algorithm, "kid": "first"}, b"").rpartition(".")[0] + "."

        with pytest.raises(InvalidToken):
            verifier(key_of("EC")).verify(token)

    @pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
    def test_token_of_another_algorithm_of_the_same_key_is_refused(self, algorithm: str) -> None:
        key = key_of("RSA")
        claims = {"sub": 7, "exp": int(time.time()) + 60}
        token = jwt.encode(claims, key.private, algorithm=algorithm, headers={"kid": key.kid})

        with pytest.raises(InvalidToken):
            verifier(key).verify(token)

    @pytest.mark.parametrize("header", ["jwk", "jku", "x5u"])
    def test_key_in_the_header_of_a_token_is_ignored(self, header: str) -> None:
        forged = SigningKey("EC")

        with pytest.raises(InvalidToken):
            verifier(key_of("EC")).verify(forged.sign(sub=7, headers={header: forged.jwk}))

    def test_each_key_of_the_settings_is_tried(self) -> None:
        old, new = SigningKey("EC", None), SigningKey("EC", "any id")
        keys = FixedKeys([of(old.public), of(new.public)])
        accepting = TokenVerifier((), keys, ForeignRules("sub", ANYBODY, 30), has_own=False)

        assert accepting.verify(old.sign(sub=7)).user_id == accepting.verify(new.sign(sub=7)).user_id == USER

    @pytest.mark.parametrize(
        "token", ["", ".", "..", "a.b.c", "ä.b.c", "\ud800", "eyJhbGciOiJFUzI1NiJ9..", "x" * (LONGEST_TOKEN + 1)]
    )
    def test_malformed_token_is_refused(self, token: str) -> None:
        with pytest.raises(InvalidToken):
            verifier(key_of("EC")).verify(token)

    def test_long_token_is_refused_before_it_is_read(self) -> None:
        with pytest.raises(InvalidToken):
            verify(filler="x" * LONGEST_TOKEN)

        assert verify(filler="x" * (LONGEST_TOKEN // 2)).user_id == USER


class TestOwnTokens:
    def test_they_are_accepted_beside_those_of_the_host(self) -> None:
        key = key_of("EC")
        accepting = verifier(key, secrets=(SECRET,))

        assert accepting.verify(tokens.sign(SECRET, user_id=OWN)).user_id == str(OWN)
        assert accepting.verify(tokens.sign(SECRET, user_id=OWN, refresh=True), refresh=True).user_id == str(OWN)
        assert accepting.verify(key.sign(sub=7)).user_id == USER

    def test_they_need_all_their_claims(self) -> None:
        token = jwt.encode({"sub": 7, "user_id": 7, "exp": int(time.time()) + 60}, SECRET)

        with pytest.raises(InvalidToken):
            verifier(key_of("EC"), secrets=(SECRET,)).verify(token)

    def test_secret_of_a_host_with_its_own_claim_signs_foreign_tokens(self) -> None:
        rules = ForeignRules("sub", ANYBODY, 30)
        accepting = TokenVerifier((SECRET,), None, rules, has_own=False)

        assert accepting.verify(jwt.encode({"sub": 7, "exp": int(time.time()) + 60}, SECRET)).user_id == USER
        for token in (tokens.sign(SECRET, user_id=OWN), jwt.encode({"sub": 7, "exp": 2**32}, "o" * 64)):
            with pytest.raises(InvalidToken):
                accepting.verify(token)


class TestClaims:
    def test_only_the_end_and_the_user_are_required(self) -> None:
        assert verify(iat=...).user_id == USER

    @pytest.mark.parametrize(
        ("given", "user_id"),
        [(1, "1"), (2**53 - 1, str(2**53 - 1)), ("7", "7"), ("007", "007"), ("u" * 64, "u" * 64),
         ("6ba7b810-9dad-11d1-80b4-00c04fd430c8",) * 2, ("auth0|Zoë 張", "auth0|Zoë 張")],
        ids=ascii,
    )  # fmt: skip
    def test_user_is_a_number_or_a_text(self, given: object, user_id: str) -> None:
        assert verify(sub=given).user_id == user_id

    @pytest.mark.parametrize("claim", ["exp", "sub"])
    def test_token_without_a_required_claim_is_refused(self, claim: str) -> None:
        with pytest.raises(InvalidToken):
            verify(**{claim: ...})

    @pytest.mark.parametrize(
        "user",
        [True, 7.0, 0, -1, 2**53, 10**30, float("nan"), float("inf"), "", 65 * "x", "a\n", "\0", "\ud800", [], None],
        ids=ascii,
    )  # fmt: skip
    def test_value_that_is_no_users_id_is_refused(self, user: object) -> None:
        with pytest.raises(InvalidToken):
            verify(sub=user)

    def test_claim_of_the_user_can_have_any_name(self) -> None:
        key = key_of("EC")

        token = key.sign(**{"https://news.example/id": 7})

        assert verifier(key, user_claim="https://news.example/id").verify(token).user_id == USER

    def test_ended_token_is_expired(self) -> None:
        with pytest.raises(ExpiredToken):
            verify(iat=1, exp=int(time.time()) - 1)

    @pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize("value", ["2000000000", None, True, [1], {}, float("nan"), float("inf"), 10**400], ids=str)
    def test_time_that_is_no_time_is_refused(self, claim: str, value: object) -> None:
        with pytest.raises(InvalidToken):
            verify(**{claim: value})

    def test_token_begins_with_a_leeway(self) -> None:
        assert verify(nbf=int(time.time()) + 10).user_id == USER
        with pytest.raises(InvalidToken):
            verify(nbf=int(time.time()) + 60)

    def test_token_lasts_for_as_long_as_a_revocation_is_remembered(self) -> None:
        now = int(time.time())

        assert verify(iat=now - 13 * DAY, exp=now + 365 * DAY).expires_at == now + DAY
        with pytest.raises(InvalidToken):
            verify(iat=..., exp=now + 15 * DAY)

    def test_token_without_an_issue_time_is_older_than_each_revocation(self) -> None:
        assert verify(iat=...).issued_at == 0

    @pytest.mark.parametrize("refresh", [True, 1, "true", None], ids=repr)
    def test_token_that_claims_to_be_a_refresh_token_is_refused(self, refresh: object) -> None:
        with pytest.raises(InvalidToken):
            verify(refresh=refresh)

    def test_token_of_a_host_renews_nothing(self) -> None:
        key = key_of("EC")
        for refresh in (True, False):
            with pytest.raises(InvalidToken):
                verifier(key).verify(key.sign(sub=7, refresh=refresh), refresh=True)

    def test_token_without_an_id_has_one_of_its_own(self) -> None:
        key = key_of("EC")
        tokens_of_one_moment = [key.sign(sub=7, nonce=nonce) for nonce in ("a", "b")]

        first, again, second = (verifier(key).verify(tokens_of_one_moment[i]) for i in (0, 0, 1))

        assert first.token_id == first.family == again.token_id != second.token_id

    def test_another_signature_of_the_same_claims_is_no_other_token(self) -> None:
        key = key_of("EC")
        now = int(time.time())
        first, second = (key.sign(sub=7, iat=now, exp=now + 60) for _ in range(2))

        assert first != second
        assert verifier(key).verify(first).family == verifier(key).verify(second).family

    def test_family_of_a_token_is_its_own_or_its_id(self) -> None:
        assert verify(jti="a").family == "a"
        assert verify(jti="a", family="f").family == "f"
        assert verify(jti=5, family=[]).family != ""


class TestParties:
    PARTIES = Parties(("https://login.example", "https://old.example"), ("push", "news"))

    @pytest.mark.parametrize("issuer", ["https://login.example", "https://old.example"])
    @pytest.mark.parametrize("audience", ["push", ["other", "news"]])
    def test_token_for_us_is_accepted(self, issuer: str, audience: object) -> None:
        key = key_of("EC")
        token = key.sign(sub=7, iss=issuer, aud=audience)

        assert verifier(key, parties=self.PARTIES).verify(token).user_id == USER

    @pytest.mark.parametrize(
        "changes",
        [{"iss": ...}, {"iss": "https://evil.example"}, {"iss": ["https://login.example"]}, {"iss": None},
         {"aud": ...}, {"aud": "shop"}, {"aud": []}, {"aud": {"push": 1}}, {"aud": None}],
        ids=str,
    )  # fmt: skip
    def test_token_for_others_is_refused(self, changes: dict[str, Any]) -> None:
        key = key_of("EC")
        token = key.sign(**{"sub": 7, "iss": "https://login.example", "aud": "push", **changes})

        with pytest.raises(InvalidToken):
            verifier(key, parties=self.PARTIES).verify(token)

    def test_own_tokens_name_the_parties(self) -> None:
        accepting = verifier(key_of("EC"), secrets=(SECRET,), parties=self.PARTIES)

        assert accepting.verify(tokens.sign(SECRET, user_id=OWN, parties=self.PARTIES)).user_id == str(OWN)
        with pytest.raises(InvalidToken):
            accepting.verify(tokens.sign(SECRET, user_id=OWN))

    def test_audience_counts_only_where_the_settings_name_one(self) -> None:
        assert verify(aud="shop", iss="anybody").user_id == USER


class TestReasons:
    """What the log says of a token that is refused. Clients are told less."""

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"aud": "other"}, "Audience doesn't match"),
            ({"exp": None}, "exp"),
            ({"sub": ""}, "a user's id should not be empty"),
            ({"nbf": time.time() + 3600}, "nbf is in the future"),
            ({"refresh": True}, "refresh should be false"),
        ],
        ids=["audience", "no end", "no user", "not yet", "refresh token"],
    )
    def test_reason_names_the_claim(self, claims: dict[str, Any], reason: str) -> None:
        key = key_of("EC")
        parties = Parties(audiences=("push",))
        token = key.sign(**{"sub": 7, "aud": "push", **claims})

        with pytest.raises(InvalidToken, match=reason):
            verifier(key, parties=parties).verify(token)

    def test_reason_names_the_signature(self) -> None:
        signed, known = key_of("EC"), SigningKey("EC")

        with pytest.raises(InvalidToken, match="signature fits no key"):
            verifier(known).verify(signed.sign(sub=7))
