"""Import what the engine needs from the app, by names in the settings: its events, and what it knows of its users."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import cast

from sqlalchemy import Connection

from core import event_files
from core.declarations import DeclarationError
from core.profiles import Profile
from core.settings import HostSettings, SettingsError

# Returns the profiles of these users, as far as they exist.
ProfileLoader = Callable[[Connection, Iterable[str]], Mapping[str, Profile]]
# Returns those of these pairs, of a recipient and an actor, in which the recipient knows the actor.
KnowsLoader = Callable[[Connection, Collection[tuple[str, str]]], Iterable[tuple[str, str]]]


def load_events(settings: HostSettings) -> None:
    """Load the modules and files that declare the app's events; raise SettingsError."""
    for source in settings.events:
        try:
            if source.endswith(".toml"):
                event_files.load(Path(source).resolve())
            else:
                importlib.import_module(source)
        except DeclarationError as error:
            raise SettingsError(f"EVENTS: {source}: {error}") from error
        except Exception as error:
            raise SettingsError(f"EVENTS: {source} can't be imported: {error!r}") from error


def load_profile_loader(settings: HostSettings) -> ProfileLoader | None:
    """Return the function that reads profiles of the app, None for an app without profiles; raise SettingsError."""
    return cast("ProfileLoader | None", _function("PROFILE_LOADER", settings.profile_loader))


def load_knows_loader(settings: HostSettings) -> KnowsLoader | None:
    """Return the function that says who knows whom, None for an app that has no strangers; raise SettingsError."""
    return cast("KnowsLoader | None", _function("KNOWS_LOADER", settings.knows_loader))


def _function(setting: str, name: str) -> object:
    if not name:
        return None
    try:
        function = pkgutil.resolve_name(name)
    except Exception as error:
        raise SettingsError(f"{setting}: {name} can't be imported: {error!r}") from error
    if not callable(function):
        raise SettingsError(f"{setting}: {name} should be a function")
    return function
