"""The steps that have to be run again after a change, host by host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from components.kubeadm.steps import ANYWHERE, OTHER_CONTROL_PLANES, Effect
from components.review.types import HostStep, Level

from . import hosts, project
from .causes import causes, told
from .effects import LEVELS, LOOKS, UNKNOWN, Effects, heads
from .reads import Read, content, reads
from .script import Script, parse

SCRIPT = "bootstrap/bootstrap.sh"
#: In place of a step: what no step does.
BY_HAND = "by hand"
#: Steps that have this option belong to one round of joining: a new machine of this place needs them all.
_ROUNDS = {"--join-file": "every worker", "--key-file": OTHER_CONTROL_PLANES}
_JOINS = "a new node joins the cluster: nothing of it is there yet"
_BALANCES = "a new load balancer: nothing of it is there yet"
_MOVES = "another control plane is another cluster: no step moves one that runs"
_UNTOLD = "the script does not say which steps it has: read what differs, and run each of them again"
_LEAVES = (
    "kubectl drain {0} --ignore-daemonsets --delete-emptydir-data; on it, bootstrap.sh remove of the commit before (a "
    "later one knows no such host); after the merge, on the control plane, bootstrap.sh forget --gone {0} "
    "(docs/operations.md). Directories of its volumes keep their data"
)
_BALANCES_NO_MORE = (
    "first lead devices to another one, those that go by its name and those that go by its address; then on it, "
    "bootstrap.sh remove of the commit before: a later one knows no such host"
)

#: The step that a load balancer runs by itself where the inventory lets it follow: it takes this file from the
#: repository, unless one of those is another one, too.
_FOLLOW, _FOLLOWED = "follow", "haproxy/<host>.cfg"
_COME_FIRST = ("haproxy/99-dojot-haproxy.conf", "haproxy/haproxy.service.d-limits.conf")

Side = tuple[Script, Mapping[str, bytes]]


@dataclass(frozen=True)
class _Step:
    """A step of the script after the change. `differing`: what is another one, or may be one on some host.

    `occasional`: no part of the plan, so nothing that a new node needs.
    """

    name: str
    occasional: bool
    options: tuple[str, ...]
    machine: str
    within: tuple[str, ...]
    differing: tuple[tuple[Read, tuple[str, ...]], ...]


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
    old, new, effects = _side(before), _side(after), heads()
    found: list[HostStep] = []
    for step in _steps(old, new, effects):
        due: dict[_Due, list[str]] = {}
        everywhere = hosts.at(new[0], step.machine)
        for host in everywhere:
            if why := _why(step, host, old, new, effects):
                due.setdefault(_by_itself(why, new[0]) if step.name == _FOLLOW else why, []).append(host)
        first = _before_merge(step, old, new)
        found += [
            HostStep(
                step.name,
                tuple(some),
                why.effects,
                why.causes,
                why.level,
                first and not _only_goes(why),
                step.machine if len(some) == len(everywhere) else "",
            )
            for why, some in due.items()
        ]
    return (*found, *_untold(old, new), *_leaving(old[0], new[0]))


def _before_merge(step: _Step, old: Side, new: Side) -> bool:
    """Pods of the sync need what machines bring them; the load balancer leads to what the sync brings.

    And what the sync is to delete, Argo CD's project has to allow until it is gone.
    """
    narrower = any(read.name == project.FILE for read, _ in step.differing) and project.only_narrower(old[1], new[1])
    return step.machine != "load balancer" and not narrower


def _side(files: Mapping[str, bytes]) -> Side:
    return parse(files.get(SCRIPT, b"").decode("utf-8")), files


def _steps(old: Side, new: Side, effects: Effects) -> Iterator[_Step]:
    """Those that may change a host, as needs_lock in lib/lock.sh has it; a table that must have rows has some."""
    for name, _, options, machine, *more in new[0].rows("STEPS"):
        # Where else, its occasion, its table, when, then. Older scripts know no occasions.
        occasion, table = more[-4] if len(more) > 4 else "", more[-3]
        # Such a step is due where its own head says so of something that differs, and not for all that it reads.
        said = effects.own_subjects(name) if occasion else None
        if machine != ANYWHERE and "--dry-run" in options.split() and (not table or new[0].rows(table)):
            after = reads(new[0], name, effects)
            every = {**reads(old[0], name, effects), **after}
            differing = [
                (read, tuple(sorted(every[read])))
                for read in sorted(every, key=lambda one: one.order)
                if (said is None or said.intersection(read.subjects))
                and (read.of_a_host or content(*old, read, "") != content(*new, read, ""))
            ]
            within = tuple(read.name for read in after if read.kind == "code")
            found = _Step(name, said is not None, tuple(options.split()), machine, within, tuple(differing))
            yield from _parted(found, old, new) if machine == "load balancer" else (found,)


def _parted(step: _Step, old: Side, new: Side) -> Iterator[_Step]:
    """What the host of a load balancer that follows does by itself, then the rest of the step."""
    follow = old[0].rows("FOLLOW")
    alone = [each for each in step.differing if each[0].name == _FOLLOWED]
    limits = any(old[1].get(name) != new[1].get(name) for name in _COME_FIRST)
    if alone and follow and follow == new[0].rows("FOLLOW") and not limits:
        yield replace(step, name=_FOLLOW, differing=tuple(alone))
        yield replace(step, differing=tuple(each for each in step.differing if each not in alone))
    else:
        yield step


def _by_itself(why: _Due, script: Script) -> _Due:
    ((every, *_),) = script.rows("FOLLOW")
    return replace(why, effects=(f"the host does it by itself, within {every} s of the merge", *why.effects))


def _why(step: _Step, host: str, old: Side, new: Side, effects: Effects) -> _Due | None:
    """The graver reason; of a host that was not there before nothing has changed."""
    joining = None if step.occasional else _joining(step, host, old[0], new[0])
    if host in _come(old[0], new[0]):
        return joining
    reasons = filter(None, (joining, _reason(step, host, old, new, effects)))
    return max(reasons, key=lambda why: why.level, default=None)


def _come(old: Script, new: Script) -> list[str]:
    return [name for name in hosts.roles(new) if name not in hosts.roles(old)]


def _joining(step: _Step, host: str, old: Script, new: Script) -> _Due | None:
    """The steps of a new machine: its own, and those of the control plane that let a node in."""
    every = _come(old, new)
    if host in every and host in hosts.at(new, "load balancer"):
        return _Due((_BALANCES,), (f"LOAD_BALANCERS: {host} comes",), Level.ATTENTION)
    come = [name for name in every if name in hosts.nodes(new)]
    if host in come and host in hosts.at(new, "control plane"):
        return _Due((_MOVES,), (f"NODES: {host} comes",), Level.DANGER)
    called = [
        place for option, place in _ROUNDS.items() if option in step.options and {*come} & {*hosts.at(new, place)}
    ]
    if host in come or (called and host in hosts.at(new, "control plane")):
        return _Due((_JOINS,), told(f"NODES: {name} comes" for name in come), Level.ATTENTION)
    return None


def _untold(old: Side, new: Side) -> Iterator[HostStep]:
    """A script without the table STEPS is of the time before there was one: nobody can tell its steps apart."""
    if not new[0].rows("STEPS") and old[1] != new[1]:
        every = tuple(hosts.roles(new[0]))
        yield HostStep(BY_HAND, every, (_UNTOLD,), (SCRIPT,), Level.DANGER)


def _only_goes(why: _Due) -> bool:
    """A machine goes, and nothing else: the others' firewalls would close to one that still has pods."""
    goes = [cause for cause in why.causes if cause.startswith("NODES: ") and cause.endswith(" goes")]
    return bool(goes) and not set(why.causes) - {*goes, "FIREWALL"}


def _leaving(old: Script, new: Script) -> Iterator[HostStep]:
    for name in hosts.nodes(old):
        if name not in hosts.nodes(new):
            yield HostStep(BY_HAND, (name,), (_LEAVES.format(name),), (f"NODES: {name} goes",), Level.DANGER)
    for name in hosts.at(old, "load balancer"):
        if name not in hosts.at(new, "load balancer"):
            yield HostStep(BY_HAND, (name,), (_BALANCES_NO_MORE,), (f"LOAD_BALANCERS: {name} goes",), Level.DANGER)


def _reason(step: _Step, host: str, old: Side, new: Side, effects: Effects) -> _Due | None:
    found: list[Effect] = []
    why: list[str] = []
    level = Level.ROUTINE
    for read, readers in step.differing:
        if read.of_a_host and content(*old, read, host) == content(*new, read, host):
            continue
        if some := [effect for effect in _effects(step, read, readers, effects) if effect.what != LOOKS]:
            found += some
            why += causes(read, host, old, new)
            level = max(level, *(LEVELS[effect.what] for effect in some), _left(read, host, old, new))
    if not found:
        return None
    ordered = sorted(dict.fromkeys(found), key=lambda effect: -LEVELS[effect.what])
    return _Due(tuple(dict.fromkeys(effect.words for effect in ordered)), told(why), level)


def _left(read: Read, host: str, old: Side, new: Side) -> Level:
    """A host keeps what a row of its own has made, such as a volume's data, and nobody looks for it there any more."""
    rows, left = content(*old, read, host), content(*new, read, host)
    gone = isinstance(rows, list) and isinstance(left, list) and any(row not in left for row in rows)
    return Level.ATTENTION if read.kind == "own" and gone else Level.ROUTINE


def _effects(step: _Step, read: Read, readers: Iterable[str], effects: Effects) -> list[Effect]:
    if read.kind in ("code", "always"):
        return [UNKNOWN]
    return effects.of(step.name, step.within, read.subjects, readers)
