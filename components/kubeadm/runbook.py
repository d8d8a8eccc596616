"""Tables for people about the steps: they are written into the runbook and the README (scripts/docs)."""

from __future__ import annotations

from collections.abc import Iterable

from .steps import ANYWHERE, Parts, Step


def steps_table(parts: Parts) -> str:
    """The steps in their order; those with a condition have no number of their own."""
    lines = ["| # | Where | Step | In place of the guide's | It worked when |", "|---|---|---|---|---|"]
    number = 0
    for step in _of_the_plan(parts):
        if not step.condition:
            number += 1
        words = [f"`{step.name}`", step.when, f"only with `{step.condition}`" if step.condition else ""]
        cells = (
            str(number) if not step.condition else "–",
            step.machine,
            ", ".join(filter(None, words)),
            step.guide or "–",
            "; then ".join(filter(None, (step.worked, step.then))),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def options_table(parts: Parts) -> str:
    lines = ["| Option | Steps | |", "|---|---|---|"]
    for option in parts.options:
        word = f"{option.name} {option.value}".rstrip()
        steps = ", ".join(f"`{step.name}`" for step in parts.steps if option.name in step.options)
        text = f"{option.text} (default: `{option.default}`)" if option.default else option.text
        lines.append(f"| `{word}` | {steps} | {text} |")
    return "\n".join(lines)


def machines_table(parts: Parts) -> str:
    """One row for the steps that follow each other on the same machine."""
    rows: list[tuple[str, list[str]]] = []
    for step in _of_the_plan(parts):
        if step.condition:
            continue
        if not rows or rows[-1][0] != step.machine:
            rows.append((step.machine, []))
        rows[-1][1].append(f"`{step.name}`")
    return "\n".join(
        ["| Where | Steps |", "|---|---|", *(f"| {where} | {', '.join(names)} |" for where, names in rows)]
    )


def occasions_table(parts: Parts) -> str:
    """The steps that are no part of the plan because they have an occasion of their own."""
    rows = (
        f"| {step.occasion} | {step.machine}{step.elsewhere} | `{step.name}` | {step.help} | {step.worked} |"
        for step in parts.steps
        if step.occasion
    )
    return "\n".join(["| When | Where | Step | What it does | It worked when |", "|---|---|---|---|---|", *rows])


def _of_the_plan(parts: Parts) -> Iterable[Step]:
    return (step for step in parts.steps if step.machine != ANYWHERE and not step.occasion)
