"""Assembles bootstrap.sh: the generated values, the tables of steps and options, then the parts in bootstrap/."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from components.cluster.types import Cluster

from . import values
from .steps import FOLDER, SEPARATOR, HeadError, Parts, read

_HEADER = """\
#!/usr/bin/env bash
# Bootstrap of the cluster {name}: run with --help. The runbook is bootstrap/README.md.
# Generated from the inventory: change that and compile again, not this file.
set -euo pipefail

# ---- values of the inventory
"""


def script(cluster: Cluster, folder: Path = FOLDER) -> str:
    """The whole script: it needs nothing but the compiled files beside it. Parts define, and `main` begins."""
    parts = read(folder)
    texts = [_HEADER.format(name=cluster.name), values.block(cluster), _tables(parts)]
    texts += [f"\n# ---- {body.name}\n{body.shell}" for body in parts.bodies]
    return "".join([*texts, '\nmain "$@"\n'])


def _tables(parts: Parts) -> str:
    steps = (
        (
            step.name,
            step.help,
            " ".join(step.options),
            step.machine,
            step.elsewhere,
            step.occasion,
            step.table,
            step.when,
            step.then,
        )
        for step in parts.steps
    )
    options = ((option.name, option.value, option.default, option.text) for option in parts.options)
    return (
        "\n# ---- what the heads of the parts say\n"
        "# step | what it does | its options | machine | where else | its occasion, outside of the plan | "
        "table that must have rows | when | what comes then\n"
        + _table("STEPS", steps)
        + "# option | name of its value | default | what it does\n"
        + _table("STEP_OPTIONS", options)
    )


def _table(name: str, rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([f"readonly {name}=(", *(f"  {shlex.quote(_row(row))}" for row in rows), ")\n"])


def _row(columns: tuple[str, ...]) -> str:
    if wrong := [column for column in columns[:-1] if SEPARATOR in column]:
        raise HeadError(f"bootstrap/: the head of a part cannot contain {SEPARATOR!r}: {wrong[0]}")
    return SEPARATOR.join(columns)
