"""Which step runs on which host, and after what: the order of the runbook, as far as it is one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from components.kubeadm.steps import ANYWHERE, ONE_BY_ONE, OTHER_CONTROL_PLANES, Step

from .hosts import Host


class WrongPlan(Exception):
    """A choice of steps or hosts that is none; the text says why and what there is."""


@dataclass(frozen=True)
class Task:
    """A step on a host, with these options. `after`: (step, host) of the tasks that have to be done before it."""

    step: Step
    host: Host
    after: frozenset[tuple[str, str]] = field(default=frozenset())
    options: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.step.name, self.host.name


def of_the_plan(steps: Iterable[Step], tables: Collection[str]) -> tuple[Step, ...]:
    """The steps of a bring-up, in order. `tables` are the script's tables that have rows."""
    return tuple(
        step
        for step in steps
        if step.machine != ANYWHERE and not step.occasion and (not step.table or step.table in tables)
    )


def tasks(steps: Sequence[Step], machines: Sequence[Host]) -> tuple[Task, ...]:
    """All of a bring-up, in the order of the steps.

    A task waits for the step that its own comes after, on its own host where that runs there, else on all hosts; for
    what runs on its host before it; for whoever makes a file that it is handed; and, at a place whose machines take a
    step one by one, for those before it.
    """
    places = {step.name: [host for host in machines if step.machine in host.places] for step in steps}
    found: list[Task] = []
    for number, step in enumerate(steps):
        for host in places[step.name]:
            before = {(earlier.name, host.name) for earlier in steps[:number] if host in places[earlier.name]}
            needed = places.get(step.after, [])
            if host not in needed:
                before |= {(step.after, other.name) for other in needed}
            if step.machine in ONE_BY_ONE:
                before |= {task.key for task in found if task.step == step}
            for giver in steps[:number]:
                if giver.hands_over and f"--{giver.hands_over}" in step.options and giver.receiver in host.places:
                    before |= {(giver.name, other.name) for other in places[giver.name]}
            found.append(Task(step, host, frozenset(before)))
    return tuple(found)


def from_outside_in(step: Step, machines: Sequence[Host], options: Sequence[str] = ()) -> tuple[Task, ...]:
    """A step that takes a cluster apart: first nobody is let in, and what all others need goes last."""
    found: list[Task] = []
    for place in ("load balancer", "every worker", OTHER_CONTROL_PLANES, "control plane"):
        before = frozenset(task.key for task in found)
        for host in machines:
            if place in host.places:
                found.append(Task(step, host, before, tuple(options)))
                if place in ONE_BY_ONE:
                    before |= {found[-1].key}
    return tuple(found)


def chosen(
    every: Sequence[Task], only: Sequence[str] = (), first: str = "", names: Sequence[str] = ()
) -> tuple[Task, ...]:
    """The tasks of these steps, from this step on, on these hosts; WrongPlan for a name that is none."""
    steps = list(dict.fromkeys(task.step.name for task in every))
    known = list(dict.fromkeys(task.host.name for task in every))
    for kind, asked, there in (("step", [*only, *filter(None, [first])], steps), ("host", names, known)):
        if wrong := [name for name in asked if name not in there]:
            raise WrongPlan(f"there is no {kind} {', '.join(wrong)}, but: {', '.join(there)}")
    late = steps[steps.index(first) :] if first else steps
    kept = [
        task
        for task in every
        if task.step.name in late and (not only or task.step.name in only) and (not names or task.host.name in names)
    ]
    keys = {task.key for task in kept}
    # What is left out is taken as done.
    return tuple(replace(task, after=task.after & keys) for task in kept)
