"""What a review has to say, in words and in order: what somebody has to decide or do comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..types import Fact, HostStep, Level, ObjectChange, Restart, Review, Verdict
from . import values
from .clean import shortened, visible
from .grouped import Told, together
from .story import Code, Line, Part, Story, Words, count, listed

#: Characters of a sentence, and of a name.
_SENTENCE, _NAME = 600, 100
#: Clusters, and hosts, that are named one by one.
_CLUSTERS, _HOSTS = 4, 24
#: Fields of an object, and facts of all clusters before the others are folded: the first ones are the important ones.
_FIELDS, _FACTS = 20, 10


def story(review: Review) -> Story:
    """Empty parts are none."""
    say = _Sayings(review)
    parts = (
        *say.findings(),
        *say.verdicts(Level.DANGER),
        *say.devices(),
        *say.steps(before_merge=True),
        *say.steps(before_merge=False),
        *say.verdicts(Level.ATTENTION),
        *say.notes(),
        *say.facts(),
        *say.restarts(),
        *say.verdicts(Level.ROUTINE),
        *say.objects(),
        *say.files(),
    )
    return Story(review.level, _meaning(review), _reach(review), parts)


def _meaning(review: Review) -> str:
    """What the level means here."""
    found = [each.what for each in together(review.clusters, lambda cluster: cluster.verdicts)]
    open_ = sum(each.level is Level.DANGER and not each.accepted for each in found)
    accepted = sum(each.level is Level.DANGER and each.accepted for each in found)
    looked = sum(each.level is Level.ATTENTION for each in found)
    refused = [each for each in review.clusters if each.how == "refused"]
    said = []
    if refused:
        said.append(f"The inventory of {count(len(refused), 'cluster')} is refused: nothing can be compiled from it.")
    if open_:
        said.append(
            f"{count(open_, 'danger has', 'dangers have')} to be taken out of this change, or accepted, before the "
            "merge."
        )
    if accepted:
        said.append(f"{count(accepted, 'danger is', 'dangers are')} accepted.")
    if looked:
        said.append(f"{count(looked, 'thing needs', 'things need')} a look before the merge.")
    if not said:
        said.append(
            "Nothing is known that has to be decided before the merge."
            if review.clusters
            else "No cluster changes with this."
        )
        if review.level is Level.ATTENTION:
            said.append("Look at what the steps below do to their hosts.")
    return " ".join(said)


def _reach(review: Review) -> Words:
    words: list[str | Code] = [_name(review.base), " → ", _name(review.head), "."]
    for how, title in (("refused", "Refused"), ("changed", "Changed"), ("added", "New"), ("removed", "Removed")):
        words += _named(title, [cluster.name for cluster in review.clusters if cluster.how == how])
    return (*words, *_named("As before", review.others))


def _named(title: str, names: Iterable[str]) -> Words:
    shown = tuple(_name(name).text for name in names)
    return (f" {title}: ", *listed(shown, _CLUSTERS), ".") if shown else ()


def _name(text: str) -> Code:
    return Code(shortened(visible(text), _NAME))


def _words(text: str) -> str:
    return shortened(visible(text), _SENTENCE)


def _sentence(text: str) -> str:
    words = _words(text)
    return words if words.endswith((".", "!", "?")) else f"{words}."


class _Sayings:
    """The parts of a review, none where there is nothing to say; each line says, or stands under, whose it is."""

    def __init__(self, review: Review):
        self._clusters = review.clusters
        self._notes = review.notes

    def findings(self) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: cluster.findings)
        lines = tuple(Line((*self._of(each), _sentence(each.what))) for each in told)
        yield from _part("To be put right first", lines, ("finding", "findings"), level=Level.DANGER)

    def verdicts(self, level: Level) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: (each for each in cluster.verdicts if each.level is level))
        # What is accepted has been decided.
        told.sort(key=lambda each: each.what.accepted)
        title, noun = {
            Level.DANGER: ("Danger", ("danger", "dangers")),
            Level.ATTENTION: ("Needs a look", ("thing that needs a look", "things that need a look")),
            Level.ROUTINE: ("Routine", ("routine change", "routine changes")),
        }[level]
        lines = []
        for each in told:
            said, below = _verdict(each.what)
            lines.append(Line((*self._of(each), *said), below))
        yield from _part(title, tuple(lines), noun, level=level, folded=level is Level.ROUTINE)

    def devices(self) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: cluster.devices)
        lines = tuple(Line((*self._of(each), _sentence(each.what))) for each in told)
        yield from _part("What devices notice", lines, ("line on devices", "lines on devices"))

    def steps(self, before_merge: bool) -> Iterator[Part]:
        told = together(
            self._clusters, lambda cluster: (each for each in cluster.steps if each.before_merge is before_merge)
        )
        lines = tuple(Line((*self._of(each), *_step(each))) for each in told)
        # The order is the one in which they are to be run.
        yield from _part(
            f"{'Before' if before_merge else 'After'} the merge, as root on these hosts, in this order "
            "(with compiled/ of this change)",
            lines,
            ("step on hosts", "steps on hosts"),
            numbered=True,
        )

    def notes(self) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: cluster.notes)
        lines = [Line((_sentence(note),)) for note in self._notes]
        lines += [Line((*self._of(each), _sentence(each.what))) for each in told]
        yield from _part("Notes", tuple(lines), ("note", "notes"))

    def facts(self) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: cluster.facts)
        lines = tuple(Line(_fact(each.what), group=self._who(each)) for each in told)
        noun = ("fact of a cluster", "facts of clusters")
        yield from _part("The cluster", lines[:_FACTS], noun)
        yield from _part(f"The cluster, further ({len(lines[_FACTS:]):,})", lines[_FACTS:], noun, folded=True)

    def restarts(self) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: cluster.restarts)
        lines = tuple(Line(_restart(each.what), group=self._who(each)) for each in told)
        yield from _part("Pods that Argo CD replaces", lines, ("restart", "restarts"))

    def objects(self) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: cluster.objects)
        told.sort(key=lambda each: (each.what.wave, each.what.service))
        lines = tuple(
            Line(
                (*self._of(each), *_object(each.what)),
                _fields(each.what),
                group=(_name(each.what.service), f", wave {each.what.wave}"),
            )
            for each in told
        )
        title = f"Objects ({', '.join(_tally(each.what.how for each in told))})"
        yield from _part(title, lines, ("object", "objects"), folded=True)

    def files(self) -> Iterator[Part]:
        told = together(self._clusters, lambda cluster: cluster.files)
        lines = tuple(Line((_name(each.what),), group=self._who(each)) for each in told)
        yield from _part(f"Files ({len(lines):,})", lines, ("file", "files"), folded=True)

    def _of(self, told: Told[Any]) -> Words:
        """The clusters and a colon."""
        who = self._who(told)
        return (*who, ": ") if who else ()

    def _who(self, told: Told[Any]) -> Words:
        """The clusters, where a review has several."""
        if len(self._clusters) == 1:
            return ()
        if len(told.clusters) == len(self._clusters) > _CLUSTERS:
            return (f"all {len(self._clusters):,} clusters",)
        return listed(tuple(_name(name).text for name in told.clusters), _CLUSTERS)


def _part(
    title: str,
    lines: tuple[Line, ...],
    noun: tuple[str, str],
    *,
    level: Level | None = None,
    folded: bool = False,
    numbered: bool = False,
) -> Iterator[Part]:
    if lines:
        yield Part(title, lines, noun, level, folded, numbered)


def _verdict(verdict: Verdict) -> tuple[Words, tuple[Line, ...]]:
    """What it says, and below that what to do."""
    said: Words = (_name(verdict.subject), f"{', accepted' if verdict.accepted else ''}: {_sentence(verdict.sentence)}")
    below: tuple[Line, ...] = (Line((f"To do: {_sentence(verdict.runbook)}",)),) if verdict.runbook else ()
    if verdict.level is Level.DANGER and not verdict.accepted:
        # Whole: a line that is cut would accept nothing.
        below += (Line(("To accept it: ", Code(visible(f"accept: {verdict.rule} {verdict.subject}")))),)
    return said, below


def _step(told: Told[HostStep]) -> Words:
    step = told.what
    words: list[str | Code] = [Code(visible(f"bootstrap.sh {step.step}")), " on "]
    if len(told.clusters) > 1 and step.place:
        words.append(step.place if step.place.startswith("every ") else f"the {step.place}")
    else:
        words += listed(tuple(_name(host).text for host in step.hosts), _HOSTS)
    if step.level is not Level.ROUTINE:
        # Here it is no danger yet: who runs it reads what comes next.
        words.append(f" ({min(step.level, Level.ATTENTION).word})")
    if step.effects:
        words.append(f": {_words('; '.join(step.effects))}")
    if step.causes:
        words.append(f". Because of: {_words('; '.join(step.causes))}")
    return tuple(words)


def _fact(fact: Fact) -> Words:
    subject = f"{_words(fact.subject)}: "
    if fact.before is None or fact.after is None:
        return (subject, "new, " if fact.before is None else "gone, was ", _name(fact.after or fact.before or ""))
    return (subject, _name(fact.before), " → ", _name(fact.after))


def _restart(restart: Restart) -> Words:
    words: Words = (_name(restart.service), f", wave {restart.wave}: {count(restart.pods, 'pod')}, ")
    words += (_words(restart.how),)
    if restart.sessions:
        words += (f"; {count(restart.sessions, 'session')} of devices end with them",)
    return words


def _object(change: ObjectChange) -> Words:
    where = (" in ", _name(change.identity.namespace)) if change.identity.namespace else ()
    return (_name(str(change.identity)), *where, f" {change.how}")


def _fields(change: ObjectChange) -> tuple[Line, ...]:
    if change.how != "changed":
        return ()
    lines = tuple(values.told(field) for field in change.fields[:_FIELDS])
    if len(change.fields) > _FIELDS:
        lines += (Line((f"and {count(len(change.fields) - _FIELDS, 'more field', 'more fields')}",)),)
    return lines


def _tally(hows: Iterable[str]) -> list[str]:
    found = list(hows)
    return [f"{found.count(how):,} {how}" for how in ("added", "changed", "removed") if how in found]
