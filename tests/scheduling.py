"""Which tests run one after another in one process of pytest, so that they share what they start.

A system is five processes, and each needs more than a second of CPU to start. Tests of one file share what their module
starts; files that share a system of their package are one unit of work. Units start in the order of their names, so the
long ones of whole systems come first, and the short ones of single modules fill the end.
"""

import re

from xdist.scheduler import LoadScopeScheduling

# Two units of tests of the page: a browser keeps a core busy, and the other processes wait more than they compute.
_UNITS = {
    "systems": r"e2e/test_(api|bad_keys|broker_messages|catch_up|connect|flower|forged_tokens|generated_client|groups|"
    r"open_sockets|preferences|push|python_package|readme|revocation|states|withdrawals)\.py",
    "IM server": r"e2e/test_(admin|protocol_\w+)\.py",
    "page with groups": r"e2e/test_page_(groups|journeys|webkit|accessibility)\.py",
    "page": r"e2e/test_(bell|page(_\w+)?)\.py",
}


class Units(LoadScopeScheduling):
    """Give each process a unit of work, and the next one when it has done that."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((unit for unit, files in _UNITS.items() if re.search(files, file)), file)
