"""A private RabbitMQ node for tests and benchmarks."""

import uuid
from pathlib import Path

from dev import ports
from dev.environment import LOOPBACK

_FOLDERS = (Path("/usr/lib/rabbitmq/bin"), Path("/opt/homebrew/sbin"), Path("/usr/local/sbin"))


def find_scripts() -> Path | None:
    """Return the folder of rabbitmq-server and rabbitmqctl, None when it is not installed."""
    # The wrapper in PATH changes to a user who can't write in our folder.
    return next((folder for folder in _FOLDERS if (folder / "rabbitmq-server").exists()), None)


def configure(folder: Path, port: int) -> dict[str, str]:
    """Write rabbitmq.conf for a new node; return the variables with which the node keeps everything in the folder."""
    config = folder / "rabbitmq.conf"
    config.write_text(f"listeners.tcp.1 = {LOOPBACK}:{port}\n")
    return {
        "RABBITMQ_NODENAME": f"node-{uuid.uuid4().hex[:12]}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(ports.find_free()),
        # The machine's own files would override these variables.
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "no-advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-env"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "HOME": str(folder),
    }
