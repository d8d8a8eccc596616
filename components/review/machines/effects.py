"""What the heads of bootstrap/ say of a change: found by the function that reads what has changed.

They are those of this working copy, whatever the scripts are that a review compares: a compiled script has no heads.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from components.kubeadm.steps import FOLDER, Body, Effect, read
from components.review.types import Level

from .script import functions

#: No reason to run a step.
LOOKS = "looks"
#: Of code that is another one, and of what no head speaks of.
UNKNOWN = Effect((), "unknown", "the step itself is another one: run it again, it skips what is as it should be")
LEVELS = {
    LOOKS: Level.ROUTINE,
    UNKNOWN.what: Level.ATTENTION,
    "nothing": Level.ROUTINE,
    "reload": Level.ROUTINE,
    "restart": Level.ATTENTION,
    "replace": Level.ATTENTION,
    "person": Level.DANGER,
}


class Effects:
    def __init__(self, folder: Path = FOLDER) -> None:
        """HeadError where a head is wrong."""
        self._parts: dict[str, Body] = {name: body for body in read(folder).bodies for name in functions(body.shell)}

    def of(self, step: str, within: Iterable[str], subjects: Iterable[str], readers: Iterable[str]) -> list[Effect]:
        """Of a change of something: `subjects` are its names, `readers` the functions that read it.

        `within` are all functions that the step can come to: heads of other parts say nothing here. The step's own head
        comes before the others, a subject before the functions that read it, a function before its part. UNKNOWN for a
        reader of which no head says anything.
        """
        parts = list(dict.fromkeys(part for name in within if (part := self._parts.get(name))))
        own = [part for part in parts if part.step == step]
        for subject in subjects:
            for some in (own, parts):
                if found := _about(some, subject):
                    return found
        return list(dict.fromkeys(effect for name in readers for effect in self._of_function(parts, name)))

    def own_subjects(self, step: str) -> set[str]:
        """What the step's own head speaks of by name."""
        return {
            subject
            for part in self._parts.values()
            if part.step == step
            for effect in part.effects
            for subject in effect.subjects
        }

    def also_read(self, within: Iterable[str]) -> dict[str, set[str]]:
        """What reaches parts on a way that their shell does not show -> the functions of these parts."""
        found: dict[str, set[str]] = {}
        for name in within:
            for value in self._parts[name].also_reads if name in self._parts else ():
                found.setdefault(value, set()).add(name)
        return found

    def _of_function(self, parts: list[Body], name: str) -> list[Effect]:
        if found := _about(parts, name):
            return found
        part = self._parts.get(name)
        return [effect for effect in (part.effects if part else ()) if not effect.subjects] or [UNKNOWN]


def _about(parts: Iterable[Body], subject: str) -> list[Effect]:
    return [effect for part in parts for effect in part.effects if subject in effect.subjects]


@cache
def heads() -> Effects:
    """Of bootstrap/, which stays as it is while a review is made."""
    return Effects()
