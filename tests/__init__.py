"""Everything here talks to this machine alone, past any proxy that the environment names."""

import os

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
