"""scripts/compile.py writes the bytes that `python -m kapitan compile` writes."""

import re
import subprocess
import sys

from components.compile.fleet import PAGE
from components.compile.memory import MEMORY
from components.compile.trees import difference
from components.compile.written import NOTE
from scripts import compile as command
from tests.conftest import ROOT


def test_the_same_bytes_as_kapitan_itself(tmp_path):
    cli = subprocess.run(
        [sys.executable, "-m", "kapitan", "compile", "--output-path", str(tmp_path / "cli")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert cli.returncode == 0, cli.stderr
    assert command.main(["--output", str(tmp_path / "ours")]) == 0
    # Kapitan has no place for what several clusters share.
    for own in (NOTE, MEMORY, PAGE):
        (tmp_path / "ours" / own).unlink(missing_ok=True)
    change = difference(tmp_path / "cli" / "compiled", tmp_path / "ours")
    assert not change, change.lines
    assert change.unchanged


FACE = """
def files(cluster):
    text = {"text": "two\\nlines\\n", "list": [1, {"a": None, "long": "x " * 80}], "true": True, "name": cluster.name}
    return {"one": text, "all": [text, {"b": "no"}], "none": {}}
"""
MAIN = """
from components.faces import kapitan_main

main = kapitan_main("extra")
"""
ENTRY = "      - {{input_type: kadet, output_type: {0}, input_paths: [components/extra], output_path: extra/{0}}}\n"


def test_each_output_type(clone):
    """Also what .kapitan says about them."""
    (clone / "components" / "extra").mkdir()
    (clone / "components" / "extra" / "__init__.py").write_text(MAIN)
    (clone / "components" / "extra" / "files.py").write_text(FACE)
    compile_ = clone / "inventory" / "classes" / "compile.yml"
    compile_.write_text(compile_.read_text() + "".join(map(ENTRY.format, ("yaml", "yml", "json"))))
    for target in sorted((clone / "inventory" / "targets").glob("*.yml"))[1:]:
        target.unlink()
    for style in ("literal", "folded", "double-quotes"):
        settings = (clone / ".kapitan").read_text()
        settings = re.sub("yaml-multiline-string-style: .*", f"yaml-multiline-string-style: {style}", settings)
        (clone / ".kapitan").write_text(settings)
        for arguments in (["-m", "kapitan", "compile", "--output-path", "cli"], ["scripts/compile.py"]):
            done = subprocess.run([sys.executable, *arguments], cwd=clone, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        for own in (NOTE, MEMORY, PAGE):
            (clone / "compiled" / own).unlink()
        change = difference(clone / "cli" / "compiled", clone / "compiled")
        assert not change, change.lines
        assert any(name.endswith("extra/json/one.json") for name in change.unchanged)
