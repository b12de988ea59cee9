"""`make audit` fails for what it finds, and only warns about what it can't look up."""

from pathlib import Path

from dev import audit

GOOD = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "other", "skip_reason": "not found"}


class TestVersions:
    def test_vulnerable_package_is_named_with_the_version_that_repairs_it(self) -> None:
        passed, text = audit.describe_versions([GOOD, BAD])

        assert not passed
        assert "old 1.0 is vulnerable: PYSEC-1 (repaired in ['1.1'])" in text

    def test_packages_without_faults_pass(self) -> None:
        assert audit.describe_versions([GOOD]) == (True, "0 of 1 packages are known to be vulnerable")

    def test_packages_that_were_not_checked_are_a_warning(self) -> None:
        passed, text = audit.describe_versions([GOOD, UNKNOWN])

        assert passed
        assert "WARNING: 1 packages were not checked" in text

    def test_unreachable_list_is_a_warning(self) -> None:
        passed, text = audit.describe_versions([])

        assert passed
        assert text.startswith("WARNING: all packages were not checked")


def test_private_key_in_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\n")  # pragma: allowlist secret
    (tmp_path / "settings.py").write_text('PASSWORD = "secret of a test"\n')

    found = audit.find_secrets([str(tmp_path / "key.pem"), str(tmp_path / "settings.py")])

    assert "key.pem:1" in found
    assert "settings.py" not in found
