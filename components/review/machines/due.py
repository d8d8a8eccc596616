"""The steps that have to be run again after a change, host by host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from components.kubeadm.steps import ANYWHERE, Effect
from components.review.types import HostStep, Level

from . import hosts
from .causes import causes, told
from .effects import LEVELS, LOOKS, UNKNOWN, Effects
from .reads import Read, Reads, content, reads
from .script import Script, parse

SCRIPT = "bootstrap/bootstrap.sh"
#: In place of a step: what no step does.
BY_HAND = "by hand"
#: Steps that have this option belong to one round of joining: a new worker needs them all.
_ROUND = "--join-file"
_JOINS = "the host becomes a node of the cluster: nothing of it is there yet"
_MOVES = "another control plane is another cluster: no step moves one that runs"
_LEAVES = (
    "kubectl drain {0} --ignore-daemonsets --delete-emptydir-data, kubectl delete node {0}, and kubeadm reset on it; "
    "directories of its volumes keep their data"
)

Side = tuple[Script, Mapping[str, bytes]]


@dataclass(frozen=True)
class _Step:
    """A step of the script after the change, with what it reads there, and what it has read before."""

    name: str
    options: tuple[str, ...]
    machine: str
    before: Reads
    after: Reads


@dataclass(frozen=True)
class _Due:
    """Why, and what it does: of one step on one host."""

    effects: tuple[str, ...]
    causes: tuple[str, ...]
    level: Level


def steps(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[HostStep, ...]:
    """In the order of the plan; hosts for which a step has the same reasons are together.

    `before` and `after` are the files of compiled/<cluster>/: path in it -> bytes. `verify` and `plan` are never due:
    they change nothing. A node that is gone comes last, as BY_HAND. HeadError where a head of bootstrap/ is wrong.
    """
    old, new, effects = _side(before), _side(after), Effects()
    found: list[HostStep] = []
    for step in _steps(old[0], new[0], effects):
        due: dict[_Due, list[str]] = {}
        for host in hosts.at(new[0], step.machine):
            if why := _joining(step, host, old[0], new[0]) or _reason(step, host, old, new, effects):
                due.setdefault(why, []).append(host)
        found += [HostStep(step.name, tuple(some), why.effects, why.causes, why.level) for why, some in due.items()]
    return (*found, *_leaving(old[0], new[0]))


def _side(files: Mapping[str, bytes]) -> Side:
    return parse(files.get(SCRIPT, b"").decode("utf-8")), files


def _steps(old: Script, new: Script, effects: Effects) -> Iterator[_Step]:
    """Those that may change a host, as needs_lock in lib/lock.sh has it; a table that must have rows has some."""
    for name, _, options, machine, _, table, *_ in new.rows("STEPS"):
        if machine != ANYWHERE and "--dry-run" in options.split() and (not table or new.rows(table)):
            yield _Step(name, tuple(options.split()), machine, reads(old, name, effects), reads(new, name, effects))


def _joining(step: _Step, host: str, old: Script, new: Script) -> _Due | None:
    """The steps of a new node: its own, and those of the control plane that let it in."""
    come = [name for name in hosts.nodes(new) if name not in hosts.nodes(old)]
    if host in come and host in hosts.at(new, "control plane"):
        return _Due((f"person: {_MOVES}",), (f"NODES: {host} comes",), Level.DANGER)
    if host in come or (come and _ROUND in step.options and host in hosts.at(new, "control plane")):
        some = [host] if host in come else come
        return _Due((f"replace: {_JOINS}",), told(f"NODES: {name} comes" for name in some), Level.ATTENTION)
    return None


def _leaving(old: Script, new: Script) -> Iterator[HostStep]:
    for name in hosts.nodes(old):
        if name not in hosts.nodes(new):
            words = f"person: {_LEAVES.format(name)}"
            yield HostStep(BY_HAND, (name,), (words,), (f"NODES: {name} goes",), Level.DANGER)


def _reason(step: _Step, host: str, old: Side, new: Side, effects: Effects) -> _Due | None:
    found: list[Effect] = []
    why: list[str] = []
    for read, readers in sorted({**step.before, **step.after}.items()):
        if content(*old, read, host) == content(*new, read, host):
            continue
        if some := [effect for effect in _effects(step, read, readers, effects) if effect.what != LOOKS]:
            found += some
            why += causes(read, host, old, new)
    if not found:
        return None
    ordered = sorted(dict.fromkeys(found), key=lambda effect: -LEVELS[effect.what])
    words = tuple(effect.words if effect == UNKNOWN else f"{effect.what}: {effect.words}" for effect in ordered)
    return _Due(words, told(why), LEVELS[ordered[0].what])


def _effects(step: _Step, read: Read, readers: Iterable[str], effects: Effects) -> list[Effect]:
    if read.kind in ("code", "always"):
        return [UNKNOWN]
    within = [one.name for one in step.after if one.kind == "code"]
    return effects.of(step.name, within, read.subjects, sorted(readers))
