"""What an operator may ask for: `flask --app app.wsgi outbox ...`."""

import json
import time
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from app import tokens
from app.api.state import state
from app.database_faults import cause_of, is_unavailable
from app.services import dead_letters, outbox, payloads

_ID = click.IntRange(1, tokens.LARGEST_ID)


class _Group(AppGroup):
    """Says in one line what is wrong with the database, and exits with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SQLAlchemyError as error:
            what = "is unavailable" if is_unavailable(error) else "refuses"
            raise click.ClickException(f"the database {what}: {cause_of(error)}") from None


group = _Group("outbox", help="What is committed and not yet pushed.")


@group.command()
@click.argument("notification_id", metavar="[ID]", type=_ID, required=False)
def show(notification_id: int | None) -> None:
    """Say how much waits, for how long, and how many dead letters there are; or show one notification as JSON."""
    if notification_id is None:
        with state.database.reading() as connection:
            waiting, oldest_seconds, set_aside = outbox.depth(connection)
        click.echo(f"waiting: {waiting}\noldest_seconds: {oldest_seconds}\nset_aside: {set_aside}")
        return
    with state.database.reading() as connection:
        row = outbox.find(connection, notification_id)
    if row is None:
        raise click.ClickException(f"there is no notification {notification_id}")
    # In ASCII, since what stands in a bad row should not command a terminal.
    click.echo(json.dumps({**row._mapping, "data": _readable(row.data)}, indent=2, default=str))


@group.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
def list_dead_letters(limit: int) -> None:
    """List dead letters, newest first: id, recipient, event, attempts, when, and why."""
    with state.database.reading() as connection:
        found = dead_letters.newest(connection, limit=limit)
    if not found:
        click.echo("there are no dead letters")
        return
    rows = [("id", "recipient", "event", "attempts", "since", "reason"), *map(_columns, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@group.command()
@click.argument("notification_ids", metavar="[ID]...", type=_ID, nargs=-1)
def redrive(notification_ids: tuple[int, ...]) -> None:
    """Try what has failed once more, dead letters and what waits for its next attempt: those that are named, or all."""
    with state.database.transaction() as connection:
        count = dead_letters.redrive(connection, notification_ids or None)
    state.tasks.dispatch()
    click.echo(f"{count} notifications are in the outbox again")
    if missing := len(set(notification_ids)) - count if notification_ids else 0:
        raise click.ClickException(f"{missing} of the given ids: no such notification, or it has not failed")


@group.command()
@click.argument("notification_id", metavar="ID", type=_ID)
def discard(notification_id: int) -> None:
    """Take a dead letter out of the outbox for good. It stays in its recipient's inbox and is never pushed."""
    with state.database.transaction() as connection:
        is_discarded = dead_letters.discard(connection, notification_id)
    if not is_discarded:
        raise click.ClickException(f"notification {notification_id} is not a dead letter")
    click.echo(f"notification {notification_id} is discarded")


def _readable(data: str | None) -> object:
    """Return data that can't be sent as the text that it is."""
    try:
        return data and payloads.decode(data)
    except payloads.InvalidData:
        return data


def _columns(row: Any) -> tuple[str, ...]:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row.set_aside_at))
    cells = (row.id, row.recipient_id, row.event, row.attempts, since, row.failure_reason or "")
    return tuple("".join(letter if letter.isprintable() else "?" for letter in str(cell)) for cell in cells)
