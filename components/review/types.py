"""What a review is made of. Frozen, and plain enough to go from a worker to the command, and into JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """How much a person has to look at something. Nothing is routine that no rule knows to be."""

    ROUTINE = 0
    ATTENTION = 1
    DANGER = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class _Absent:
    """Stands on the side of a field on which there is none."""

    def __repr__(self) -> str:
        return "(none)"

    def __reduce__(self) -> str:
        return "ABSENT"


#: The one value of its kind: null is something that a manifest can say.
ABSENT = _Absent()


@dataclass(frozen=True, order=True)
class Identity:
    """What the API server knows an object by, but for its group; `namespace` is empty where a kind has none."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Field:
    """One field of an object that is another one now; `path` has the steps to it.

    A step is a key, or the identity of an item in its list: `[kafka-server]` of a container, `[8883/TCP]` of a port.
    """

    path: tuple[str, ...]
    before: Any
    after: Any

    def __str__(self) -> str:
        return "".join(step if step.startswith("[") else f".{step}" for step in self.path).removeprefix(".")


@dataclass(frozen=True)
class ObjectChange:
    """An object that is only before (removed), only after (added), or in both, with `fields` that differ.

    `service` is the file of manifests/ that holds it; `wave` is its sync wave (after, where there is one).
    """

    identity: Identity
    service: str
    wave: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    fields: tuple[Field, ...]

    @property
    def how(self) -> str:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True)
class Fact:
    """A line about the cluster as a whole: what it is called, and what it was and is (None: it is not there)."""

    subject: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class HostStep:
    """A step of the bootstrap that has to be run again, on these hosts (names), for these reasons.

    `place` is what they are where they are all of a kind, such as `every node`; empty where others of it need no run.
    `effects` say what the host's programs notice: the parts' own words. `level` is the gravest of them.
    `before_merge`: Argo CD's sync of the change needs what the step does.
    """

    step: str
    hosts: tuple[str, ...]
    effects: tuple[str, ...]
    causes: tuple[str, ...]
    level: Level
    before_merge: bool = False
    place: str = ""


@dataclass(frozen=True)
class Restart:
    """Pods that Argo CD's sync replaces or takes away, `sessions` of devices with them; `how` in words."""

    service: str
    wave: int
    pods: int
    how: str
    sessions: int


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a change: one sentence that says what the program that receives it will do.

    `subject` is what the sentence is about, as it is written behind `accept: <rule>`; `runbook` is what to do (a
    sentence, or empty); `accepted`: someone has taken responsibility, so that it counts as attention.
    """

    rule: str
    level: Level
    subject: str
    sentence: str
    runbook: str = ""
    accepted: bool = False


@dataclass(frozen=True)
class ClusterReview:
    """What a change does to one cluster; all in the order in which it is to be told.

    `how`: added, removed, changed, or refused, and then `findings` says why the inventory after the change is none.
    `notes` say what could not be looked at.
    """

    name: str
    how: str
    facts: tuple[Fact, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    files: tuple[str, ...] = ()
    steps: tuple[HostStep, ...] = ()
    restarts: tuple[Restart, ...] = ()
    devices: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        if self.how == "refused":
            return Level.DANGER
        verdicts = (min(each.level, Level.ATTENTION) if each.accepted else each.level for each in self.verdicts)
        # What a host needs a person for has to be seen; what is dangerous in it has a verdict that can be accepted.
        steps = (min(each.level, Level.ATTENTION) for each in self.steps)
        return max((*verdicts, *steps), default=Level.ROUTINE)


@dataclass(frozen=True)
class Review:
    """A change from `base` to `head` (as people call them); `others` are clusters that it does not reach."""

    base: str
    head: str
    clusters: tuple[ClusterReview, ...]
    others: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        return max((each.level for each in self.clusters), default=Level.ROUTINE)
