"""Commands for the operator: `flask --app app.wsgi service-key ...` and `tokens ...`."""

import click

from app.api import revocations
from app.api.commands import Group
from app.api.state import state
from app.services import authorizations
from core import service_keys
from core.user_ids import InvalidUserId, check

service_key_group = Group("service-key", help="Keys of other services that call the API.")
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


@tokens_group.command()
@click.argument("user_id", metavar="USER_ID", callback=_user_id)
def revoke(user_id: str) -> None:
    """End all tokens of a user that were issued so far, and close all their sockets."""
    with state.database.transaction() as connection:
        revocation = authorizations.end_all(connection, user_id)
    revocations.publish(revocation)
    click.echo(f"all tokens of user {user_id} have ended")
