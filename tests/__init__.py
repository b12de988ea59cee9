"""The tests connect only to this machine, and ignore proxies that the environment names."""

import os

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
