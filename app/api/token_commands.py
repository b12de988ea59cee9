"""Commands for the operator: `flask --app app.wsgi service-key ...`, `vapid-key ...` and `tokens ...`."""

import click

from app.api import revocations
from app.api.commands import Group
from app.api.state import state
from app.services import authorizations
from core import service_keys, vapid
from core.user_ids import InvalidUserId, check

service_key_group = Group("service-key", help="Keys of other services that call the API.")
vapid_key_group = Group("vapid-key", help="The key that Web Push is sent with.")
tokens_group = Group("tokens", help="Tokens of users.")


def _user_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return check(value)
    except InvalidUserId as error:
        raise click.BadParameter(str(error)) from None


@service_key_group.command()
@click.argument("name")
def new(name: str) -> None:
    """Make a key for the service NAME, and print it once. The settings hold only its hash."""
    key, line = service_keys.create(name)
    if not service_keys.is_line(line):
        raise click.BadParameter("at most 64 of: letters (A to Z), digits, '.', '_' and '-'", param_hint="NAME")
    click.echo(f"The key, for the service, shown only now:\n  {key}\nTo add to SERVICE_KEYS, for the API:\n  {line}")


@vapid_key_group.command("new")
def new_vapid_key() -> None:
    """Make a key for Web Push and print it. With another key, all devices have to subscribe again."""
    key = vapid.create_key()
    public_key = vapid.Vapid(vapid.parse_key(key), subject="").public_key
    click.echo(f"For API and workers, a secret:\n  VAPID_PRIVATE_KEY={key}")
    click.echo(f"Its public key, as browsers get it:\n  {public_key}")


@tokens_group.command()
@click.argument("user_id", metavar="USER_ID", callback=_user_id)
def revoke(user_id: str) -> None:
    """End all tokens of a user that were issued so far, and close all their sockets."""
    with state.database.transaction() as connection:
        revocation = authorizations.end_all(connection, user_id)
    revocations.publish(revocation)
    click.echo(f"all tokens of user {user_id} have ended")
