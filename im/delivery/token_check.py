"""Verifies the tokens of clients, on connect and on refresh."""

from core import clock_skew, tokens
from core.token_verifier import TokenVerifier
from core.tokens import Claims
from im.delivery.revocations import Revocations


class TokenCheck:
    def __init__(self, verifier: TokenVerifier, revocations: Revocations) -> None:
        self._verifier = verifier
        self._revocations = revocations

    def verify(self, token: str) -> Claims:
        """Return the claims of a valid access token.

        Raise InvalidToken, ExpiredToken, RevokedToken, Unknown, KeysUnknown. Can switch greenlets, before it looks for
        revocations and not after.
        """
        claims = self._verifier.verify(token)
        if claims.ahead_seconds:
            clock_skew.note(claims.ahead_seconds)
        if self._revocations.is_revoked(claims):
            raise tokens.RevokedToken
        return claims
