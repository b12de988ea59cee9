"""`make retest`: runs the tests that failed in the last run once more, one at a time.

Tests of whole systems can miss a deadline on a machine that runs three of them at once. One that also fails alone is
wrong.
"""

import json
import sys
from pathlib import Path

import pytest

_FAILED = Path(".pytest_cache/v/cache/lastfailed")
_MOST = 10  # more of them have one cause, and no busy machine is that


def main() -> int:
    try:
        failed = sorted(json.loads(_FAILED.read_text()))
    except FileNotFoundError:
        print("no test failed in the last run, or it did not come to its end")
        return 1
    if len(failed) > _MOST:
        print(f"{len(failed)} tests failed; more than {_MOST} are not tried again")
        return 1
    print("trying again, one at a time:", *failed, sep="\n  ")
    return int(pytest.main(["--numprocesses", "0", "--last-failed", "--last-failed-no-failures", "none"]))


if __name__ == "__main__":
    sys.exit(main())
