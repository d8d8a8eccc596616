"""scripts/compile.py writes the bytes that `python -m kapitan compile` writes."""

import subprocess
import sys

from kapitan import cached

from scripts import compile as command
from scripts import in_process
from scripts.trees import difference
from scripts.written import NOTE
from tests.conftest import ROOT


def test_the_same_bytes_as_kapitan_itself(tmp_path):
    cli = subprocess.run(
        [sys.executable, "-m", "kapitan", "compile", "--output-path", str(tmp_path / "cli")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert cli.returncode == 0, cli.stderr
    before = cached.as_dict()
    try:
        assert command.main(["--output", str(tmp_path / "ours")]) == 0
    finally:
        in_process.forget()
        cached.from_dict(before)
    (tmp_path / "ours" / NOTE).unlink()
    change = difference(tmp_path / "cli" / "compiled", tmp_path / "ours")
    assert not change, change.lines
    assert change.unchanged
