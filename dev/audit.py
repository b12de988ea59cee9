"""`make audit`: looks for faults in the code, secrets in the files, and licences and versions that should not be."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_BIN = Path(sys.executable).parent
_SECONDS = 240  # they take ten; a busy machine is no reason to fail
_VERSIONS_SECONDS = 45
_CODE = [
    "core",
    "app",
    "tasks",
    "im",
    "dev",
    "bench",
    "migrations",
    "clients/python/src",
    "celeryconfig.py",
    "flowerconfig.py",
]
# Parts of names. The LGPL is for psycopg, which is used as it is.
_LICENCES = "Apache;BSD;CNRI-Python;ISC;LGPL-3.0;MIT;MPL;Mozilla Public License;PSF;Python Software Foundation"
_LICENCE_IN_TEXT_ALONE = ["atheris"]  # Apache 2.0
# These two take every word beside "password" for a secret. The others know a secret by its form.
_GUESSING = ("KeywordDetector", "BasicAuthDetector")


def main() -> int:
    """Run all checks at once, print what each finds, and return 1 if one found something."""
    with ThreadPoolExecutor() as pool:
        results = [pool.submit(check) for check in (_check_code, _check_secrets, _check_licences, _check_versions)]
        return 0 if all(result.result() for result in results) else 1


def find_secrets(files: Sequence[str]) -> str:
    """Return what looks like a secret in these files, as a text; an empty one if nothing does."""
    disabled = [f"--disable-plugin={name}" for name in _GUESSING]
    done = _run("detect-secrets-hook", "--no-verify", *disabled, *files)
    return done.stdout + done.stderr if done.returncode else ""


def describe_versions(packages: Sequence[Mapping[str, Any]]) -> tuple[bool, str]:
    """Say whether none of these packages is known to be vulnerable, and what is known; they are pip-audit's."""
    unknown = [package for package in packages if "vulns" not in package]
    bad = [package for package in packages if package.get("vulns")]
    lines = [f"{package['name']} {package['version']} is vulnerable: {_ids(package)}" for package in bad]
    if len(packages) > len(unknown):
        lines.append(f"{len(bad)} of {len(packages) - len(unknown)} packages are known to be vulnerable")
    if unknown or not packages:
        left = len(unknown) or "all"
        lines.append(f"WARNING: {left} packages were not checked, because no list of vulnerabilities is in reach")
    return not bad, "\n".join(lines)


def _ids(package: Mapping[str, Any]) -> str:
    return ", ".join(f"{found['id']} (repaired in {found['fix_versions']})" for found in package["vulns"])


def _check_code() -> bool:
    # Ruff checks what is of low severity, and each exception has its reason there.
    done = _run("bandit", "--quiet", "--severity-level", "medium", "--recursive", *_CODE)
    return _tell("code", done.returncode == 0, done.stdout)


def _check_secrets() -> bool:
    files = subprocess.check_output(["git", "ls-files"], text=True, timeout=_SECONDS).splitlines()
    with_hashes = ("requirements.txt", "requirements-dev.txt")
    found = find_secrets([file for file in files if file not in with_hashes])
    return _tell("secrets", not found, found)


def _check_licences() -> bool:
    ignored = ["--ignore-packages", *_LICENCE_IN_TEXT_ALONE]
    done = _run("pip-licenses", "--from", "mixed", "--partial-match", f"--allow-only={_LICENCES}", *ignored)
    return _tell("licences", done.returncode == 0, done.stderr or done.stdout)


def _check_versions() -> bool:
    pinned = ["--requirement", "requirements-dev.txt", "--require-hashes", "--disable-pip"]
    try:
        form = ("--format", "json", "--progress-spinner", "off", "--timeout", "5")
        done = _run("pip-audit", *pinned, *form, seconds=_VERSIONS_SECONDS)
        passed, text = describe_versions(json.loads(done.stdout)["dependencies"])
    except json.JSONDecodeError:
        passed, text = describe_versions([])
        text += "\n" + done.stderr[-500:]
    except subprocess.TimeoutExpired:
        passed, text = describe_versions([])
    return _tell("versions", passed, text, always=True)


def _run(tool: str, *arguments: str, seconds: float = _SECONDS) -> "subprocess.CompletedProcess[str]":
    command = [str(_BIN / tool), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def _tell(name: str, passed: bool, text: str, *, always: bool = False) -> bool:
    print(f"audit: {name}: {'passed' if passed else 'FAILED'}")
    if text and (always or not passed):
        print(text.rstrip())
    return passed


if __name__ == "__main__":
    sys.exit(main())
