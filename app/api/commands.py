"""What an operator may ask for: `flask --app app.wsgi outbox ...`."""

import click
from flask.cli import AppGroup

from app.api.state import state
from app.services import outbox

group = AppGroup("outbox", help="What is committed and not yet pushed.")


@group.command()
def show() -> None:
    """Say how much waits, for how long, and how much is set aside."""
    with state.database.reading() as connection:
        waiting, oldest_seconds, set_aside = outbox.depth(connection)
    click.echo(f"waiting: {waiting}\noldest_seconds: {oldest_seconds}\nset_aside: {set_aside}")


@group.command()
def redrive() -> None:
    """Try once more what was set aside."""
    with state.database.transaction() as connection:
        count = outbox.redrive(connection)
    state.tasks.dispatch()
    click.echo(f"{count} notifications are in the outbox again")
