"""Import what the engine needs from the app, by names in the settings: its events, and the profiles of its users."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sqlalchemy import Connection

from core import event_files
from core.declarations import DeclarationError
from core.profiles import Profile
from core.settings import HostSettings, SettingsError

# Returns the profiles of these users, as far as they exist.
ProfileLoader = Callable[[Connection, Iterable[str]], Mapping[str, Profile]]


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
    if not settings.profile_loader:
        return None
    try:
        loader = pkgutil.resolve_name(settings.profile_loader)
    except Exception as error:
        raise SettingsError(f"PROFILE_LOADER: {settings.profile_loader} can't be imported: {error!r}") from error
    if not callable(loader):
        raise SettingsError(f"PROFILE_LOADER: {settings.profile_loader} should be a function")
    return loader  # type: ignore[no-any-return]
