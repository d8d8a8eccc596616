"""Edits of an inventory and its output at random: a compile that remembers does what one from nothing does."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from components.compile.fleet import PAGE
from components.compile.memory import MEMORY
from components.compile.written import NOTE
from scripts import compile as command
from tests.compile.conftest import TARGET, content
from tests.conftest import ROOT

_NAMES = st.sampled_from(["a", "b", "c"])
_DOMAINS = st.sampled_from(["one.example.org", "two.example.org", "not a domain"])
_EXTRAS = st.sampled_from(
    ["", "  sclae: 1\n", "  scale: {devices: 90000}\n", "  scale: {devices: 99000}\n", "# words\n", "  x: [\n"]
)


class World:
    """One inventory, and the output of the compiles that remember; each step is one edit."""

    def __init__(self, folder: Path, draw: Callable):
        self._folder, self._draw = folder, draw
        self.inventory, self.output = folder / "inventory", folder / "compiled"
        shutil.copytree(ROOT / "inventory" / "classes", self.inventory / "classes")
        shutil.copy(ROOT / "tests" / "inventory" / "guide-machines.yml", self.inventory / "classes")
        for room in ("targets", "files"):
            (self.inventory / room).mkdir()
        self._class("own").write_text("parameters: {cluster: {domain: one.example.org}}\n")
        for name in ("a", "b"):
            self._target(name).write_text(_target(""))

    def step(self) -> str:
        edits = (
            self._edit_target, self._edit_target, self._rename_target, self._remove_target, self._edit_class,
            self._rename_class, self._second_class, self._use_class, self._edit_file, self._edit_output,
            self._damage_memory, self._touch,
        )  # fmt: skip
        edit = self._draw(st.sampled_from(edits))
        edit()
        return edit.__name__

    def judge(self) -> None:
        """Both ways: the same exit code, the same words, the same bytes."""
        some = self._draw(st.sampled_from([[], [], [], ["a"]]))
        remembers = self._compile(self.output, some)
        nothing = self._folder / "from-nothing" / "compiled"
        shutil.rmtree(nothing, ignore_errors=True)
        assert remembers == self._compile(nothing, some)
        if remembers[0] == 0:
            names = some or sorted(path.name for path in nothing.iterdir() if path.is_dir())
            for name in names:
                assert content(self.output / name) == content(nothing / name), name
            if not some:
                assert sorted(path.name for path in self.output.iterdir()) == sorted([*names, MEMORY, NOTE, PAGE])
                assert (self.output / PAGE).read_bytes() == (nothing / PAGE).read_bytes()

    def _compile(self, output: Path, some: list[str]) -> tuple[int, list[str]]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = command.main(["--inventory", str(self.inventory), "--output", str(output), *some])
        # Notes are about what was compiled, which is less where something is remembered.
        progress = ("[", "note: ", "compile: no such cluster")
        return code, [line for line in err.getvalue().splitlines() if not line.startswith(progress)]

    def _target(self, name: str) -> Path:
        return self.inventory / "targets" / f"{name}.yml"

    def _class(self, name: str) -> Path:
        return self.inventory / "classes" / f"{name}.yml"

    def _edit_target(self) -> None:
        self._target(self._draw(_NAMES)).write_text(_target(self._draw(_EXTRAS)))

    def _rename_target(self) -> None:
        old, new = self._target(self._draw(_NAMES)), self._target(self._draw(_NAMES))
        if old.exists():
            old.rename(new)

    def _remove_target(self) -> None:
        self._target(self._draw(_NAMES)).unlink(missing_ok=True)

    def _edit_class(self) -> None:
        self._class("own").write_text(f"parameters: {{cluster: {{domain: {self._draw(_DOMAINS)}}}}}\n")

    def _rename_class(self) -> None:
        for old, new in (("own", "other"), ("other", "own")):
            if self._class(old).exists():
                self._class(old).rename(self._class(new))
                return

    def _second_class(self) -> None:
        """Of one name, or not any more."""
        folder = self.inventory / "classes" / "own"
        if folder.exists():
            shutil.rmtree(folder)
        else:
            folder.mkdir()
            (folder / "init.yml").write_text("")

    def _use_class(self) -> None:
        target = self._target(self._draw(_NAMES))
        target.write_text(_target("").replace("guide-machines", "guide-machines, own"))

    def _edit_file(self) -> None:
        (self.inventory / "files" / "own.sh").write_text(self._draw(st.sampled_from(["1", "2"])))

    def _edit_output(self) -> None:
        files = sorted(path for path in self.output.rglob("*") if path.is_file() and not path.name.startswith("."))
        if files:
            file = self._draw(st.sampled_from(files))
            self._draw(
                st.sampled_from([lambda: file.unlink(), lambda: file.write_text("by hand"), lambda: file.chmod(0o755)])
            )()

    def _damage_memory(self) -> None:
        file = self.output / MEMORY
        if file.exists():
            text = bytearray(file.read_bytes())
            text[self._draw(st.integers(0, len(text) - 1))] ^= 1
            file.write_bytes(text)

    def _touch(self) -> None:
        for path in self.inventory.rglob("*.yml"):
            path.touch()


def _target(extra: str) -> str:
    return TARGET + extra
