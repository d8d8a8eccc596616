"""The pre-commit hook judges what is being committed, not the working tree."""

import shutil
import subprocess
from pathlib import Path

from tests.conftest import CLUSTERS, ROOT
from tests.engines.commands.conftest import ENVIRONMENT, git

CLUSTER = CLUSTERS[0]


def run_hook(clone: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [clone / "scripts/hooks/pre-commit"],
        cwd=clone,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )


def change(path: Path) -> None:
    path.write_text(path.read_text() + "# changed\n")


def test_stale_output_is_refused_and_listed_and_fresh_output_accepted(clone):
    compiled = next((clone / "compiled" / CLUSTER).rglob("*.yml"))
    change(compiled)
    assert run_hook(clone).returncode == 0, "not part of the commit"

    git(clone, "add", "compiled")
    refused = run_hook(clone)
    assert refused.returncode == 1
    assert f"~ {compiled.relative_to(clone)}" in refused.stdout
    assert 'run "make compile"' in refused.stderr

    git(clone, "reset", "--quiet", "--hard")
    change(clone / "inventory" / "targets" / f"{CLUSTER}.yml")
    git(clone, "add", "inventory")
    # Broken work in progress is not being committed.
    change(next((clone / "compiled" / CLUSTER).rglob("*.yml")))
    accepted = run_hook(clone)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr


def test_code_out_of_style_is_refused(clone):
    module = clone / "tests" / "compiled" / "rooms.py"
    module.write_text(module.read_text() + "\nimport os\n")
    assert run_hook(clone).returncode == 0, "not part of the commit"
    git(clone, "add", "tests")
    refused = run_hook(clone)
    assert refused.returncode == 1 and "F401" in refused.stdout, refused.stdout + refused.stderr
    assert 'run "make format" and "make lint"' in refused.stderr

    git(clone, "reset", "--quiet", "--hard")
    module.write_text(module.read_text() + "\n\nODD  = 1\n")
    git(clone, "add", "tests")
    assert run_hook(clone).returncode == 1, "its format is another"
    module.write_text(module.read_text().replace("ODD  = 1", "ODD = 1"))
    git(clone, "add", "tests")
    accepted = run_hook(clone)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr


def test_install_hooks(tmp_path):
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    git(tmp_path, "init", "--quiet")
    install = [tmp_path / "scripts/install-hooks"]
    assert subprocess.run(install, env=ENVIRONMENT).returncode == 0
    assert git(tmp_path, "config", "core.hooksPath").strip() == "scripts/hooks"
    git(tmp_path, "config", "core.hooksPath", "elsewhere")
    assert subprocess.run(install, env=ENVIRONMENT).returncode == 1
