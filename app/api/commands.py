"""Commands for the operator: `flask --app app.wsgi outbox ...`."""

import json
import time
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from app.api.state import state
from core import dead_letters, outbox, payloads, user_ids
from core.database_faults import cause_of, is_unavailable

ID = click.IntRange(1, user_ids.LARGEST_ID)


class Group(AppGroup):
    """Prints in one line what is wrong with the database, and exits with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SQLAlchemyError as error:
            what = "is unavailable" if is_unavailable(error) else "refuses"
            raise click.ClickException(f"the database {what}: {cause_of(error)}") from None


group = Group("outbox", help="Committed notifications that are not pushed yet.")


@group.command()
@click.argument("notification_id", metavar="[ID]", type=ID, required=False)
def show(notification_id: int | None) -> None:
    """Show how many notifications wait, for how long, and how many dead letters there are; or one as JSON."""
    if notification_id is None:
        with state.database.reading() as connection:
            waiting, oldest_seconds, dead = outbox.depth(connection)
        click.echo(f"waiting: {waiting}\noldest_seconds: {oldest_seconds}\ndead_letters: {dead}")
        return
    with state.database.reading() as connection:
        row = outbox.find(connection, notification_id)
    if row is None:
        raise click.ClickException(f"there is no notification {notification_id}")
    # In ASCII: control characters in a bad row must not reach the terminal.
    click.echo(json.dumps({**row._mapping, "data": _readable(row.data)}, indent=2, default=str))


@group.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
def list_failed(limit: int) -> None:
    """List what failed: dead letters, newest first, with their time, then what waits, with the next attempt's time."""
    with state.database.reading() as connection:
        found = dead_letters.newest(connection, limit=limit)
        found = [*found, *dead_letters.paused(connection, limit=limit)][:limit]
    if not found:
        click.echo("nothing has failed")
        return
    rows = [("id", "recipient", "event", "attempts", "state", "at", "reason"), *map(_columns, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@group.command()
@click.argument("notification_ids", metavar="[ID]...", type=ID, nargs=-1)
def redrive(notification_ids: tuple[int, ...]) -> None:
    """Retry failed notifications now: dead letters, and those that wait for their next attempt. Without an ID, all."""
    with state.database.transaction() as connection:
        count = dead_letters.redrive(connection, notification_ids or None)
    state.tasks.dispatch()
    click.echo(f"notifications that are in the outbox again: {count}")
    if missing := len(set(notification_ids)) - count if notification_ids else 0:
        raise click.ClickException(f"{missing} of the given ids: no such notification, or it has not failed")


@group.command()
@click.argument("notification_id", metavar="ID", type=ID)
def discard(notification_id: int) -> None:
    """Remove a dead letter from the outbox for ever. It stays in its recipient's inbox and is never pushed."""
    with state.database.transaction() as connection:
        is_discarded = dead_letters.discard(connection, notification_id)
    if not is_discarded:
        raise click.ClickException(f"notification {notification_id} is not a dead letter")
    click.echo(f"notification {notification_id} is discarded")


def _readable(data: str | None) -> object:
    """Return the decoded data, or its text if it can't be decoded."""
    try:
        return data and payloads.decode(data)
    except payloads.InvalidData:
        return data


def _columns(row: Any) -> tuple[str, ...]:
    is_dead = row.dead_lettered_at is not None
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row.dead_lettered_at if is_dead else row.retry_at))
    state = "dead" if is_dead else "waits"
    cells = (row.id, row.recipient_id, row.event, row.attempts, state, at, row.failure_reason or "")
    return tuple("".join(letter if letter.isprintable() else "?" for letter in str(cell)) for cell in cells)
