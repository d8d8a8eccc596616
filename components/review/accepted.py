"""Lines `accept: <rule> <subject>` of commit messages and of a pull request's text: somebody takes responsibility."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .types import Review, Verdict

#: Rule, subject.
Acceptance = tuple[str, str]

# Nobody who reads the pull request sees what stands in there, and so nobody may accept there; one that is never closed
# hides the rest.
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# As the line is offered, also as an item of a list, and with the backquotes around it. A quotation accepts nothing.
_LINE = re.compile(r"\s{0,3}(?:[-*+]\s+)?`{0,3}accept:(.*)", re.IGNORECASE)
#: Of the lines that would have been right, so many are named.
_OFFERED = 3


def parse(text: str) -> set[Acceptance]:
    """What a text accepts. A line that lacks a subject, or a rule, is there with an empty one: it has to be told."""
    found = set()
    for line in _HIDDEN.sub("", text).splitlines():
        if match := _LINE.fullmatch(line):
            rule, *rest = match[1].strip().rstrip("`").split() or [""]
            found.add((rule, " ".join(rest)))
    return found


def apply(review: Review, accepted: set[Acceptance]) -> Review:
    """The review with these verdicts accepted, in every cluster; a note for each line that accepts nothing."""
    clusters = tuple(
        replace(
            cluster,
            verdicts=tuple(
                replace(verdict, accepted=True) if _key(verdict) in accepted else verdict
                for verdict in cluster.verdicts
            ),
        )
        for cluster in review.clusters
    )
    there = {_key(verdict): verdict for cluster in review.clusters for verdict in cluster.verdicts}
    notes = (_note(line, there.values()) for line in sorted(accepted - there.keys()))
    return replace(review, clusters=clusters, notes=(*review.notes, *notes))


def _key(verdict: Verdict) -> Acceptance:
    """A line of text parts words by any space."""
    return verdict.rule, " ".join(verdict.subject.split())


def _note(line: Acceptance, verdicts: Iterable[Verdict]) -> str:
    written = " ".join(("accept:", *filter(None, line)))
    offers = list(_offers(line[0], list(verdicts)))
    if not offers:
        return f'"{written}" accepts nothing: this change has nothing that can be accepted. Remove the line'
    more = "" if len(offers) <= _OFFERED else f" (and {len(offers) - _OFFERED:,} more)"
    right = " or ".join(f'"{each}"' for each in offers[:_OFFERED])
    return f'"{written}" accepts nothing: this change has no such verdict. Write {right}{more}, or remove the line'


def _offers(rule: str, verdicts: list[Verdict]) -> Iterator[str]:
    """The lines of that rule, or of all rules if it has none here; gravest first."""
    near = [each for each in verdicts if each.rule == rule] or [each for each in verdicts if each.level]
    for each in sorted(near, key=lambda each: (-each.level, each.rule, each.subject)):
        yield f"accept: {each.rule} {each.subject}"
