"""What an image is told: variables that it reads, and settings that have an effect."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from components.inventory.finding import Finding, near

from ..runs import Run, Runs
from .registry import Stage, rule


@rule(Stage.IMAGES)
def variables_are_read(runs: Runs) -> Iterator[Finding]:
    """A variable is one that the image reads, or that the start command, a mounted file or another variable names."""
    for run in runs:
        if run.contract.variables is None:
            continue
        for name, read in run.read.items():
            if read is None and name not in run.words:
                known = near(name, set(run.contract.names) - run.stated.keys())
                yield Finding(
                    (*run.path, "env", name),
                    None,
                    f"{run.image} does not read a variable of this name",
                    f"Did you mean {known}?" if known else f"Take it out, or add it to {run.contract.file}",
                    of_key=True,
                )


@rule(Stage.IMAGES)
def variables_are_there(runs: Runs) -> Iterator[Finding]:
    """What an image does not start without."""
    for run in runs:
        for name in run.contract.required if run.job is None else ():
            # A start command may set it itself.
            if name not in run.variables and name not in run.words:
                yield Finding(
                    (*run.path, "env"),
                    None,
                    f"{run.image} does not start without the variable {name}",
                    f"Add it: {_wanted(run, name)}",
                )


@rule(Stage.IMAGES)
def variables_have_their_form(runs: Runs) -> Iterator[Finding]:
    """A value is one that the image understands, as far as the inventory has it."""
    for run in runs:
        for name, known in run.read.items():
            value = run.value(name)
            # Kubernetes fills in what a value quotes.
            if known and value and "$(" not in value and (wanted := known.judge(value)):
                yield Finding((*run.path, "env", name), value, f"{run.image} cannot use this value", f"Write {wanted}")


def _wanted(run: Run, name: str) -> str:
    known = run.contract.variable(name)
    assert known
    return known.judge("") or "a value"


@rule(Stage.IMAGES)
def settings_have_an_effect(runs: Runs) -> Iterator[Finding]:
    """Lines of a custom resource's configuration that the image takes no notice of."""
    for run in runs:
        resource = run.service.spec.custom_resource
        for setting in resource.conf if resource and run.container is run.service.container else ():
            for pattern, reason in run.contract.without_effect.items():
                if fnmatchcase(setting, pattern):
                    yield Finding(
                        (*run.path, "custom_resource", "conf", setting),
                        None,
                        f"this setting has no effect: {reason}",
                        "Take it out",
                        of_key=True,
                    )
