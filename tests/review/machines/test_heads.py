"""Heads of bootstrap/ say what a change does, of everything that can change something, and of nothing else."""

from __future__ import annotations

import re

from components.kubeadm import steps
from components.review.machines.effects import LEVELS, Effects
from components.review.machines.script import functions, parse
from tests.changes.compiled import CLUSTERS
from tests.compiled.bootstrap_values import SCRIPT

from .edits import compiled

#: Of lib/report.sh, lib/files.sh and lib/kubectl.sh: by these a step changes something.
PRIMITIVES = ("change", "live", "write_file", "fetch", "apply")


def _silent(folder=steps.FOLDER) -> list[str]:
    """Functions that change something, and of whose part no head says what that does."""
    heads = Effects(folder)
    found = []
    for body in steps.read(folder).bodies:
        for name, code in parse(body.shell).functions.items():
            acts = re.search(rf"(?<![\w-])(?:{'|'.join(PRIMITIVES)}) ", code)
            if acts and name not in PRIMITIVES and _unsaid(heads, body, name):
                found.append(f"{body.name}: {name}")
    return found


def _unsaid(heads, body, name) -> bool:
    every = [other for part in steps.read().bodies for other in functions(part.shell)]
    return any(effect.what == "unknown" for effect in heads.of(body.step or "", [*every, name], (name,), (name,)))


def test_whatever_changes_something_says_what_that_does():
    assert _silent() == []


def test_one_that_does_not_is_found(tmp_path):
    for room in ("lib", "steps"):
        (tmp_path / room).mkdir()
    head = "# shellcheck shell=bash\n# help: x\n# where: every node\n# after: nothing\n# worked: x\n"
    path = tmp_path / "steps" / "clock.sh"
    path.write_text(f"{head}\nstep_clock() {{\n  change 'x' true\n}}\n")
    assert _silent(tmp_path) == ["clock: step_clock"]
    path.write_text(f"{head}# effect: nothing: x\n\nstep_clock() {{\n  change 'x' true\n}}\n")
    assert _silent(tmp_path) == []


def test_each_subject_is_something_that_can_change():
    known: set[str] = set()
    for name in CLUSTERS:
        script = parse(compiled(name)[SCRIPT].decode())
        documents = {
            f"{value}/{kind}"
            for value, text in script.values.items()
            for kind in re.findall(r"^kind: (\S+)$", text, re.M)
        }
        known |= {*script.values, *script.tables, *script.functions, *compiled(name), *documents}
        # Of a host's own row, and a file that each host has of its own.
        known |= {"name", "address", "haproxy/<host>.cfg", "haproxy/<host>.keepalived.conf"}
    for body in steps.read().bodies:
        said = [subject for effect in body.effects for subject in effect.subjects]
        assert not (unknown := {*said, *body.also_reads} - known), f"{body.name}: {unknown}"
        assert len(said) == len(set(said)), body.name


def test_each_word_for_what_happens_has_a_level_and_is_in_use():
    used = {effect.what for body in steps.read().bodies for effect in body.effects}
    assert used == set(steps.WHATS) == LEVELS.keys() - {"unknown"}
