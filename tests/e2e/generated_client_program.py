"""A program that uses a client generated from /openapi.json: `python ... API_URL NAME PASSWORD`."""

import sys

from toutiao_client import AuthenticatedClient, Client
from toutiao_client.api.accounts import read_profile, sign_up
from toutiao_client.api.authorizations import log_in
from toutiao_client.api.followings import follow
from toutiao_client.api.notifications import read_inbox
from toutiao_client.models import (
    ErrorAnswer,
    FollowBody,
    InboxAnswer,
    LogInBody,
    ProfileAnswer,
    SignUpBody,
    TokensAnswer,
)


def enter(url: str, name: str, password: str) -> AuthenticatedClient:
    """Sign up and log in."""
    client = Client(base_url=url)
    profile = sign_up.sync(client=client, body=SignUpBody(user_name=name, password=password))
    assert isinstance(profile, ProfileAnswer), profile
    tokens = log_in.sync(client=client, body=LogInBody(user_name=name, password=password))
    assert isinstance(tokens, TokensAnswer), tokens
    return AuthenticatedClient(base_url=url, token=tokens.token)


def own_id(client: AuthenticatedClient) -> int:
    profile = read_profile.sync(client=client)
    assert isinstance(profile, ProfileAnswer), profile
    return profile.id


def main(url: str, name: str, password: str) -> None:
    ann, bob = enter(url, f"{name}-ann", password), enter(url, f"{name}-bob", password)
    body = FollowBody(target=own_id(bob))
    assert follow.sync(client=ann, body=body) == body
    refused = follow.sync(client=bob, body=body)
    assert isinstance(refused, ErrorAnswer), refused
    inbox = read_inbox.sync(client=bob, limit=5)
    assert isinstance(inbox, InboxAnswer), inbox
    [told] = inbox.results
    user_id: object = told.data["user_id"]
    print(refused.message, told.event, told.read, user_id == own_id(ann), inbox.unread_count, sep=" | ")


if __name__ == "__main__":
    main(*sys.argv[1:])
