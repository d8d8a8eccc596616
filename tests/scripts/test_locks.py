"""The lock files: exact, hashed, and free of any registry's address."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = sorted(path.stem for path in (ROOT / "requirements" / "schemas").glob("*.in"))
LOCKS = ["requirements", "requirements/installer", *(f"requirements/schemas/{release}" for release in SCHEMAS)]


def requirements(lock: str) -> dict[str, str]:
    """Name -> the whole entry, hashes included."""
    entries = re.split(r"\n(?=\S)", (ROOT / f"{lock}.lock").read_text())
    found = {}
    for entry in entries:
        if not entry.startswith("#"):
            found[re.match(r"[\w.-]+", entry)[0]] = entry
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_each_entry_has_one_version_and_hashes(lock):
    for name, entry in requirements(lock).items():
        assert re.match(rf"{re.escape(name)}==[\w.]+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_is_in_the_lock(lock):
    assert not re.search(r"https?://|--(extra-)?index|--find-links", (ROOT / f"{lock}.lock").read_text())


@pytest.mark.parametrize("lock", LOCKS)
def test_all_that_is_asked_for_is_locked(lock):
    asked = (ROOT / f"{lock}.in").read_text().splitlines()
    names = {re.match(r"[\w.-]+", line)[0] for line in asked if line and not line.startswith("#")}
    assert names <= requirements(lock).keys()


def test_every_cluster_has_the_schemas_of_its_release(cluster):
    assert cluster.platform.kubernetes.json_schema in SCHEMAS


def test_kapitan_is_the_one_that_the_settings_ask_for():
    version = yaml.safe_load((ROOT / ".kapitan").read_text())["version"]
    assert requirements("requirements")["kapitan"].startswith(f"kapitan=={version} ")
