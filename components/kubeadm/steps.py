"""The parts in bootstrap/: what the head of each says, and what follows from all heads together.

A head is the comment lines `# key: value` on top of a part; `#` and three spaces continue the line before.
docs/contributing/bootstrap-step.md tells what each key means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "bootstrap"

#: Machines that a step can be for; `anywhere`: it is no part of the plan.
MACHINES = (
    "every node",
    "every worker",
    "every control plane",
    "control plane",
    OTHER_CONTROL_PLANES := "every other control plane",
    "load balancer",
    ANYWHERE := "anywhere",
)
#: Machines that take a step one after the other: etcd takes, and lets go, one member at a time.
ONE_BY_ONE = (OTHER_CONTROL_PLANES,)
#: `after` of a step that needs no other.
FIRST = "nothing"
#: Columns of the script's tables.
SEPARATOR = "|"

_SHELL = "# shellcheck shell=bash\n"
_KEY = re.compile(r"# ([a-z][a-z ]*): (.*)\n")
_MORE = re.compile(r"#   +(.*)\n")
_NEEDED = ("help", "where", "after")
#: What the head of a step can say, beside `option`.
KEYS = (*_NEEDED, "occasion", "options", "only if", "when", "then", "hands over", "needed by", "guide", "worked")
#: What the head of any part can say, as often as it has to.
REPEATED = ("option", "effect", "also reads")
#: What a change of what a part reads does to a host, from the mildest on. `looks`: no reason to run a step.
WHATS = ("looks", "nothing", "reload", "restart", "replace", "person")
_OPTION = re.compile(r"(--[a-z][a-z-]*)(?: ([A-Z]+)(?:=(\S+?))?)?: (.+)")
_EFFECT = re.compile(rf"(?:(\S+(?: \S+)*?): )?({'|'.join(WHATS)}): (.+)")
_HANDS_OVER = re.compile(r"--([a-z-]+) to (.+)")
_ONLY_IF = re.compile(r"([A-Z_]+) has rows \((.+)\)")


class HeadError(Exception):
    """A head that says something wrong; the message names its file."""


@dataclass(frozen=True)
class Option:
    """`value` is empty for a switch; `default` where nothing stands in place of the option."""

    name: str
    value: str
    default: str
    text: str


@dataclass(frozen=True)
class Step:
    name: str
    help: str
    machine: str
    #: How `where` goes on behind the machine.
    elsewhere: str
    after: str
    #: When somebody runs it; empty for a step of the plan.
    occasion: str
    options: tuple[str, ...]
    #: The table that must have rows, and how the inventory says so.
    table: str
    condition: str
    when: str
    #: The option with the file that it makes, for the same place on `receiver` machines; both empty without one.
    hands_over: str
    receiver: str
    #: The file's place: that option's default.
    handed_path: str
    #: The step without which nobody needs this one; empty where it is always of use.
    needed_by: str
    #: What comes then, in words.
    then: str
    guide: str
    worked: str


@dataclass(frozen=True)
class Effect:
    """What the programs of a host notice when something that the part reads, or a function of it, is another one.

    `subjects` are values, files of compiled/<cluster>/ or functions that it is about; none: all others of the part.
    """

    subjects: tuple[str, ...]
    what: str
    words: str


@dataclass(frozen=True)
class Body:
    """A part: its shell without its head, and what the head says of a change."""

    name: str
    shell: str
    effects: tuple[Effect, ...]
    #: Values that reach the part on a way that its shell does not show, such as the cluster.
    also_reads: tuple[str, ...]
    #: None of a part of lib/.
    step: str | None


@dataclass(frozen=True)
class Parts:
    """Everything of a folder like bootstrap/: steps in their order, options as the steps first name them."""

    steps: tuple[Step, ...]
    options: tuple[Option, ...]
    #: Of lib/, then of steps/.
    bodies: tuple[Body, ...]


def read(folder: Path = FOLDER) -> Parts:
    options: dict[str, Option] = {}
    steps: list[Step] = []
    bodies: list[Body] = []
    for path in (*sorted(folder.glob("lib/*.sh")), *sorted(folder.glob("steps/*.sh"))):
        keys, body = _head(path)
        own = [_option(path, text) for text in keys.pop("option", ())]
        effects = tuple(_effect(path, text) for text in keys.pop("effect", ()))
        also_reads = tuple(word for text in keys.pop("also reads", ()) for word in text.partition(",")[0].split())
        step = path.stem if path.parent.name == "steps" else None
        for option in own:
            if option.name in options:
                raise HeadError(f"{path}: another part has the option {option.name}")
            options[option.name] = option
        if step is not None:
            steps.append(_step(path, keys, [option.name for option in own], body))
        elif keys:
            raise HeadError(f"{path}: only the head of a step can have: {', '.join(keys)}")
        bodies.append(Body(path.stem, body, effects, also_reads, step))
    ordered = _order(folder, steps)
    return Parts(
        tuple(_filled(folder, step, options) for step in ordered),
        tuple(_taken(folder, ordered, options)),
        tuple(bodies),
    )


def _head(path: Path) -> tuple[dict[str, list[str]], str]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines[:1] != [_SHELL]:
        raise HeadError(f"{path}: the first line must be: {_SHELL.strip()}")
    keys: dict[str, list[str]] = {}
    last = ""
    for number, line in enumerate(lines[1:], start=1):
        if match := _KEY.fullmatch(line):
            last = match[1]
            if last not in (*KEYS, *REPEATED):
                every = ", ".join((*KEYS, *REPEATED))
                raise HeadError(f"{path}:{number + 1}: a head has no key {last!r}, but: {every}")
            if last in keys and last not in REPEATED:
                raise HeadError(f"{path}:{number + 1}: {last} stands here a second time")
            keys.setdefault(last, []).append(match[2])
        elif last and (match := _MORE.fullmatch(line)):
            keys[last][-1] += f" {match[1]}"
        else:
            return keys, "".join(lines[number:]).removeprefix("#\n").lstrip("\n")
    raise HeadError(f"{path}: there is nothing below its head")


def _option(path: Path, text: str) -> Option:
    match = _OPTION.fullmatch(text)
    if match is None:
        raise HeadError(f"{path}: {text!r} is not: --name: text, --name VALUE: text or --name VALUE=default: text")
    return Option(match[1], match[2] or "", match[3] or "", match[4])


def _effect(path: Path, text: str) -> Effect:
    match = _EFFECT.fullmatch(text)
    if match is None:
        raise HeadError(f"{path}: {text!r} is not: WHAT: text, or NAME...: WHAT: text, with one of: {', '.join(WHATS)}")
    return Effect(tuple((match[1] or "").split()), match[2], match[3])


def _step(path: Path, keys: dict[str, list[str]], own: list[str], body: str) -> Step:
    said = {key: values[0] for key, values in keys.items()}
    if missing := [key for key in _NEEDED if key not in said]:
        raise HeadError(f"{path}: its head lacks: {', '.join(missing)}")
    machine, elsewhere = _machine(path, said["where"])
    if machine != ANYWHERE and "worked" not in said:
        raise HeadError(f"{path}: its head lacks: worked (how to see that the step did its work)")
    only_if = _ONLY_IF.fullmatch(said["only if"]) if "only if" in said else None
    if "only if" in said and only_if is None:
        raise HeadError(f"{path}: {said['only if']!r} is not: TABLE has rows (how the inventory says so)")
    if f"\nstep_{path.stem.replace('-', '_')}() {{\n" not in f"\n{body}":
        raise HeadError(f"{path}: it must define the function step_{path.stem.replace('-', '_')}")
    hands_over, receiver = _handed_over(path, said.get("hands over", ""))
    return Step(
        name=path.stem,
        help=said["help"],
        machine=machine,
        elsewhere=elsewhere,
        after=said["after"],
        occasion=said.get("occasion", ""),
        options=(*own, *said.get("options", "").split()),
        table=only_if[1] if only_if else "",
        condition=only_if[2] if only_if else "",
        when=said.get("when", ""),
        hands_over=hands_over,
        receiver=receiver,
        handed_path=f"{{{hands_over}}}" if hands_over else "",
        needed_by=said.get("needed by", ""),
        then=said.get("then")
        or (f"copy {{{hands_over}}} to the same place on {_all_of(receiver)}" if hands_over else ""),
        guide=said.get("guide", ""),
        worked=said.get("worked", ""),
    )


def _handed_over(path: Path, text: str) -> tuple[str, str]:
    match = _HANDS_OVER.fullmatch(text)
    if text and (match is None or match[2] not in MACHINES):
        raise HeadError(f"{path}: hands over: {text!r} is not: --option to {' | '.join(MACHINES)}")
    return (match[1], match[2]) if match else ("", "")


def _all_of(machine: str) -> str:
    """As in: on each worker, on the load balancer."""
    return machine.replace("every", "each") if machine.startswith("every") else f"the {machine}"


def _machine(path: Path, where: str) -> tuple[str, str]:
    for machine in MACHINES:
        if where == machine or where.startswith(f"{machine}, "):
            return machine, where.removeprefix(machine)
    raise HeadError(f"{path}: where: {where!r} does not begin with one of: {', '.join(MACHINES)}")


def _order(folder: Path, steps: list[Step]) -> list[Step]:
    """Each behind the one that it names; of several behind the same one, those first that fewer others wait for."""
    followers: dict[str, list[Step]] = {name: [] for name in (FIRST, *(step.name for step in steps))}
    for step in steps:
        if step.after not in followers:
            raise HeadError(f"{folder / 'steps' / step.name}.sh: after: there is no step {step.after}")
        followers[step.after].append(step)

    def behind(name: str) -> list[Step]:
        branches = [[step, *behind(step.name)] for step in followers[name]]
        return [step for branch in sorted(branches, key=lambda one: (len(one), one[0].name)) for step in branch]

    ordered = behind(FIRST)
    if lost := sorted({step.name for step in steps} - {step.name for step in ordered}):
        raise HeadError(f"{folder / 'steps'}: after: these steps wait for each other: {', '.join(lost)}")
    return ordered


def _taken(folder: Path, steps: Iterable[Step], options: dict[str, Option]) -> Iterator[Option]:
    taken = list(dict.fromkeys(name for step in steps for name in step.options))
    if unknown := [name for name in taken if name not in options]:
        raise HeadError(f"{folder}: no part's head says what this option is: {', '.join(unknown)}")
    if idle := [name for name in options if name not in taken]:
        raise HeadError(f"{folder}: no step takes this option: {', '.join(idle)}")
    return (options[name] for name in taken)


def _filled(folder: Path, step: Step, options: dict[str, Option]) -> Step:
    """`{join-file}` in its texts is that option's default."""

    def default(match: re.Match[str]) -> str:
        option = options.get(f"--{match[1]}")
        if option is None or not option.default:
            raise HeadError(f"{folder / 'steps' / step.name}.sh: {match[0]}: there is no such option with a default")
        return option.default

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z-]+)\}", default, text)

    return replace(
        step,
        when=filled(step.when),
        then=filled(step.then),
        worked=filled(step.worked),
        handed_path=filled(step.handed_path),
    )
