"""The settings of limits: what one client, or all of them together, may take of a process."""

from typing import Annotated

from pydantic import Field

from core.settings_base import ProcessSettings


class CallLimitSettings(ProcessSettings):
    """How often a client may call the API, and what passwords may take of it. See "Limits" in docs/operations.md."""

    limit_calls_per_user: Annotated[int, Field(ge=1)] = 12_000
    limit_calls_per_service: Annotated[int, Field(ge=1)] = 60_000
    limit_calls_per_address: Annotated[int, Field(ge=1)] = 60_000
    limit_sign_ups_per_address: Annotated[int, Field(ge=1)] = 600
    limit_follows_per_user: Annotated[int, Field(ge=1)] = 10_000
    limit_articles_per_user: Annotated[int, Field(ge=1)] = 10_000
    limit_failed_logins: Annotated[int, Field(ge=1)] = 10
    limit_failed_logins_per_name: Annotated[int, Field(ge=1)] = 50
    limit_failed_logins_per_address: Annotated[int, Field(ge=1)] = 100
    limit_login_pause_seconds: Annotated[int, Field(ge=1, le=3600)] = 900
    limit_bodies: Annotated[int, Field(ge=1)] = 16
    limit_password_hashes: Annotated[int, Field(ge=1)] = 2
    limit_waiting_passwords: Annotated[int, Field(ge=0)] = 2


class SocketLimitSettings(ProcessSettings):
    """How much one client, or all of them together, may take of an IM server."""

    limit_sockets_per_server: Annotated[int, Field(ge=1)] | None = None  # None: what open files allow
    limit_sockets_per_address: Annotated[int, Field(ge=1)] = 2000
    limit_sockets_per_user: Annotated[int, Field(ge=1)] = 500
    limit_anonymous_sockets: Annotated[int, Field(ge=0)] | None = None  # None: a share of all sockets
    limit_handshakes_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2000
    limit_handshakes_per_address: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 100  # in a second
    limit_request_seconds: Annotated[float, Field(ge=1, le=60)] = 10
    limit_connect_seconds: Annotated[float, Field(ge=1, le=60)] = 15
    limit_events_per_second: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 200
    limit_bytes_per_second: Annotated[float, Field(ge=1024, allow_inf_nan=False)] = 200 * 1024
    limit_message_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = 64 * 1024
