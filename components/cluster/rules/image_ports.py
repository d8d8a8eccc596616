"""Ports of a container are those that its image opens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.inventory.finding import Finding, listed

from ..runs import Run, Runs, ports_in
from .registry import Stage, rule


@rule(Stage.IMAGES)
def ports_are_opened(runs: Runs) -> Iterator[Finding]:
    """Probes, Services and routes lead to ports of the container; one that nobody opens would never answer."""
    for run in runs:
        if run.contract.opens is None:
            continue
        opened = run.opened()
        for port in run.container.ports:
            if (port.number, port.protocol) in opened or port.number in _by_command(run):
                continue
            if over := sorted(protocol for number, protocol in opened if number == port.number):
                yield Finding(
                    (*run.path, "ports", port.name, "protocol"),
                    port.protocol,
                    f"{run.image} opens port {port.number} over {listed(over)}",
                    f"Write protocol: {over[0]}",
                )
                continue
            numbers = sorted(str(number) for number, protocol in opened if protocol == port.protocol)
            others = f", but {listed(numbers)}" if numbers else f", and none over {port.protocol}"
            yield Finding(
                (*run.path, "ports", port.name, "number"),
                port.number,
                f"{run.image} does not open this port{others}",
                _way_out(run, numbers),
            )


def _way_out(run: Run, numbers: list[str]) -> str:
    movers = [name for each in run.contract.opens or () for name in (each.variable, each.argument) if name]
    moved = f", or set {' or '.join(dict.fromkeys(movers))}" if movers else ""
    if numbers:
        return f"Write {' or '.join(numbers)}{moved}"
    return f"Take it out{moved}"


def _by_command(run: Run) -> frozenset[int]:
    """Numbers in a start command of one's own, and in variables that only it, or a file that it runs, reads."""
    own = [value.value or "" for name, value in run.variables.items() if run.contract.variable(name) is None]
    command = " ".join(run.container.command)
    return frozenset(number for text in (*own, *re.split(r"[\s/=]+", command)) for number in ports_in(text))
