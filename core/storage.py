"""What API processes and workers hold alike: the database, and the caches that are filled from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis

from core import host
from core.counters import Counters
from core.db import Database
from core.epochs import Epochs
from core.profiles import NoProfiles, Profile, UserProfileCache
from core.settings import StorageSettings
from core.unread import UnreadCache


@dataclass(frozen=True, slots=True)
class Storage:
    """The base of what each kind of process holds."""

    database: Database
    epochs: Epochs
    profiles: UserProfileCache | NoProfiles
    unread: UnreadCache
    counters: Counters
    knows: host.KnowsLoader | None


def open_storage(settings: StorageSettings, redis: Redis, *, pool_size: int, channel: str = "") -> dict[str, Any]:
    """Return the fields of Storage, and load what the app declares; raise SettingsError.

    Nothing connects before it is used. With a channel, each unread count is published there as it is set.
    """
    host.load_events(settings)
    database = Database(settings.database_url, schema=settings.database_schema, pool_size=pool_size)

    keys = settings.keys
    return {
        "database": database,
        "epochs": Epochs(redis, keys),
        "profiles": open_profiles(settings, redis, database),
        "unread": UnreadCache(redis, keys, channel=channel),
        "counters": Counters(redis, keys),
        "knows": host.load_knows_loader(settings),
    }


def open_profiles(settings: StorageSettings, redis: Redis, database: Database) -> UserProfileCache | NoProfiles:
    """Return the profiles of the app that the settings name; raise SettingsError."""
    load_profiles = host.load_profile_loader(settings)
    if load_profiles is None:
        return NoProfiles()

    def load(user_ids: list[str]) -> Mapping[str, Profile]:
        with database.reading() as connection:
            return load_profiles(connection, user_ids)

    return UserProfileCache(redis, load, settings.keys)
