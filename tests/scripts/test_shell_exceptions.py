"""shellcheck (scripts/check-shell) is asked about every script, and no script asks it to look away."""

from __future__ import annotations

import re
import subprocess

from tests.conftest import ROOT

_DIRECTIVE = re.compile(r"^\s*# shellcheck (?!shell=bash$).*$", re.M)


def test_no_script_makes_an_exception():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    found = {}
    for name in listed:
        path = ROOT / name
        if path.is_file() and (name.endswith(".sh") or path.read_bytes()[:2] == b"#!"):
            if exceptions := _DIRECTIVE.findall(path.read_text("utf-8")):
                found[name] = exceptions
    assert found == {}, f"mend what shellcheck finds instead: {found}"


def test_an_exception_would_be_seen():
    assert _DIRECTIVE.findall("x=1\n  # shellcheck disable=SC2034\ny=2\n") and not _DIRECTIVE.findall(
        "# shellcheck shell=bash\n"
    )
