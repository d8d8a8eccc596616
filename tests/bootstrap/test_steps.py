"""A step is one file: its head says all that help, plan and runbook tell of it."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest

from components.kubeadm import runbook, script, steps
from tests.platforms import one_platform

from .conftest import new_sandbox

NEW = """\
# shellcheck shell=bash
# help: take the time of this host from a server of yours
# where: every node, or a machine beside them
# after: node
# options: --dry-run
# option: --source NAME=time.example: who is asked,
#   and whom the others ask then
# when: once there is one
# then: look at {source}
# guide: nothing
# worked: `done: ask` with its name

step_clock() {
  change "ask $(option source)" true
}
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of bootstrap/ to put files into."""
    return Path(shutil.copytree(steps.FOLDER, tmp_path / "parts"))


def _put(folder: Path, name: str, text: str) -> Path:
    path = folder / "steps" / f"{name}.sh"
    path.write_text(text, "utf-8")
    return path


@one_platform
def test_a_new_file_is_all_that_a_step_needs(folder, tmp_path, cluster):
    _put(folder, "clock", NEW)
    box = new_sandbox(tmp_path / "box", script.script(cluster, folder))
    said = box.run("--help").stdout
    text = "take the time of this host from a server of yours"
    option = "--source NAME       who is asked, and whom the others ask then (default: time.example)\n"
    assert re.search(rf"^  node .*\n  clock +{text}\n  volumes ", said, re.M) and f"  {option}" in said
    assert box.run("clock", "--help").stdout == (
        f"bootstrap.sh clock: {text}\nWhere: every node, or a machine beside them.\n\n"
        f"Options:\n  {option}  --dry-run           change nothing, say what would be done\n"
    )
    assert (
        "      bootstrap.sh node\n      bootstrap.sh clock, once there is one\n        then look at time.example\n"
        "      bootstrap.sh volumes\n"
    ) in box.run("plan").stdout

    done = box.run("clock")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done: ask time.example\n", "")
    assert box.run("clock", "--source=one", "--dry-run").stdout == "would: ask one\n"
    assert box.run("clock", "--source", "two").stdout == "done: ask two\n"
    assert box.run("clock", "--source").returncode == 2

    parts = steps.read(folder)
    assert (
        "| 2 | every node | `clock`, once there is one | nothing | `done: ask` with its name; then "
        "look at time.example |\n"
        "| 3 | every node | `volumes` |"
    ) in runbook.steps_table(parts)
    assert "| `--source NAME` | `clock` | who is asked, and whom the others ask then (default: `time.example`) |" in (
        runbook.options_table(parts)
    )
    assert "| every node | `node`, `clock`, `volumes` |" in runbook.machines_table(parts)


@one_platform
def test_a_step_that_needs_rows_is_in_the_plan_of_those_that_have_some(folder, tmp_path, cluster):
    for table, place in (("BINARIES", "a"), ("NODES", "b")):
        _put(
            folder,
            place,
            NEW.replace("clock", place)
            .replace("source", place)
            .replace("# when:", f"# only if: {table} has rows (x)\n# when:"),
        )
    said = (
        new_sandbox(
            tmp_path / "box",
            script.script(cluster, folder).replace("readonly BINARIES=(\n", "readonly BINARIES=() _OLD=(\n"),
        )
        .run("plan")
        .stdout
    )
    assert "bootstrap.sh b," in said and "bootstrap.sh a," not in said
    table = runbook.steps_table(steps.read(folder))
    assert "| – | every node | `a`, once there is one, only with `x` |" in table
    numbers = re.findall(r"^\| (\d+) \|", table, re.M)
    assert numbers and numbers == [str(number) for number in range(1, len(numbers) + 1)]


@one_platform
def test_a_step_with_an_occasion_of_its_own_is_no_part_of_the_plan(folder, tmp_path, cluster):
    _put(folder, "clock", NEW.replace("# when:", "# occasion: when clocks go back\n# when:"))
    box, parts = new_sandbox(tmp_path / "box", script.script(cluster, folder)), steps.read(folder)
    assert "clock" not in box.run("plan").stdout and "\n  clock " in box.run("--help").stdout
    assert "`clock`" not in runbook.steps_table(parts) + runbook.machines_table(parts)
    assert (
        "| when clocks go back | every node, or a machine beside them | `clock` | "
        "take the time of this host from a server of yours | `done: ask` with its name |"
    ) in runbook.occasions_table(parts)


@one_platform
def test_the_page_that_says_how_is_true(folder, tmp_path, cluster):
    page = (steps.FOLDER.parent / "docs" / "contributing" / "bootstrap-step.md").read_text("utf-8")
    _put(folder, "clock", textwrap.dedent(page.partition("```sh\n")[2].partition("   ```")[0]))
    box = new_sandbox(tmp_path / "box", script.script(cluster, folder))
    box.fake("dpkg-query", "exit 1")
    assert "would: install packages: chrony\n" in box.run("clock", "--dry-run").stdout
    keys = {key for row in re.findall(r"^\| (`[a-z` ,]+`) \|", page, re.M) for key in re.findall(r"`([a-z ]+)`", row)}
    assert keys == {*steps.KEYS, *steps.REPEATED}


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("# shellcheck shell=bash\n", "", "the first line must be"),
        ("# help: ", "# Help: ", "its head lacks: help, where, after"),
        ("# where: every node", "# where: everywhere", "does not begin with one of: every node,"),
        ("# where: ", "# were: ", ":3: a head has no key 'were'"),
        ("# when: ", "# after: ", ":8: after stands here a second time"),
        ("# after: node", "# after: nodes", "there is no step nodes"),
        ("# after: node", "# after: clock", "these steps wait for each other: clock"),
        ("# worked: ", "#\n# ", "its head lacks: worked"),
        ("# options: --dry-run", "# options: --dry-run --faster", "no part's head says what this option is: --faster"),
        ("--source NAME=time.example: who", "--dry-run: who", "another part has the option --dry-run"),
        (
            "--source NAME=time.example: who",
            "source: who",
            "'source: who is asked, and whom the others ask then' is not: --name",
        ),
        ("look at {source}", "look at {sourc}", "{sourc}: there is no such option with a default"),
        ("look at {source}", "look at {node}", "{node}: there is no such option with a default"),
        ("# guide: nothing", "# effect: harm: it breaks", "'harm: it breaks' is not: WHAT: text, or NAME"),
        ("# when: ", "# only if: there is one\n# when: ", "'there is one' is not: TABLE has rows"),
        (
            "# guide: nothing",
            "# hands over: clock to every node",
            "'clock to every node' is not: --option to every node",
        ),
        (
            "# guide: nothing",
            "# hands over: --source to everybody",
            "'--source to everybody' is not: --option to every",
        ),
        ("step_clock()", "step_clocks()", "it must define the function step_clock"),
    ],
)
def test_a_head_that_says_something_wrong_is_named(folder, old, new, said):
    assert old in NEW
    path = _put(folder, "clock", NEW.replace(old, new))
    with pytest.raises(steps.HeadError, match=re.escape(said)) as refused:
        steps.read(folder)
    assert str(refused.value).startswith((str(path), str(folder)))


def test_an_option_that_no_step_takes_is_named(folder):
    path = folder / "lib" / "tables.sh"
    path.write_text(path.read_text("utf-8").replace("bash\n", "bash\n# option: --idle: nothing\n", 1), "utf-8")
    with pytest.raises(steps.HeadError, match="no step takes this option: --idle"):
        steps.read(folder)
    path.write_text(path.read_text("utf-8").replace("# option: --idle: nothing", "# help: me"), "utf-8")
    with pytest.raises(steps.HeadError, match=f"^{path}: only the head of a step can have: help$"):
        steps.read(folder)


@one_platform
def test_a_head_cannot_break_the_tables(folder, cluster):
    _put(folder, "clock", NEW.replace("# help: take", "# help: a|b"))
    with pytest.raises(steps.HeadError, match=r"cannot contain '\|': a\|b"):
        script.script(cluster, folder)


def _functions(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z_0-9]+)\(\) \{\n(.*?)^\}$", path.read_text("utf-8"), re.M | re.S))


#: Where a command begins; behind a text in quotes too, as in `change "what" command`.
_COMMAND = re.compile(
    r"""(?:(?:^|\$\(|<\(|[;{|!]|&&|\b(?:if|elif|while|until|then|do)\b) *"?|["'] +)([a-z][a-z_0-9]*)(\$[A-Z])?""", re.M
)


def _called(body: str, functions: Iterable[str]) -> set[str]:
    """`"runtime_$RUNTIME_NAME"` is every function that begins so."""
    words = _COMMAND.findall(re.sub(r"^ *#.*\n", "", body, flags=re.M))
    return {name for name in functions for word, more in words if name == word or (more and name.startswith(word))}


def test_a_step_needs_no_other_step():
    places = {path: _functions(path) for path in sorted(steps.FOLDER.glob("*/*.sh"))}
    homes = {name: path for path, functions in places.items() for name in functions}
    assert len(homes) == sum(map(len, places.values())), "two functions share a name"
    for path, functions in places.items():
        used = {name for body in functions.values() for name in _called(body, homes)}
        away = {name for name in used if homes[name].parent.name == "steps" and homes[name] != path}
        assert not away, f"{path.name} uses functions of a step: put them into lib/"


def test_a_head_names_the_options_that_its_step_reads():
    """Found in the shell itself: what the step's function calls, and what these call."""
    every = {name: body for path in steps.FOLDER.glob("*/*.sh") for name, body in _functions(path).items()}
    for step in steps.read().steps:
        seen: set[str] = set()
        ahead = {f"step_{step.name.replace('-', '_')}"}
        while ahead:
            seen |= ahead
            ahead = {called for name in ahead for called in _called(every[name], every)} - seen
        read = {f"--{name}" for called in seen for name in re.findall(r"\$\(option ([a-z-]+)\)", every[called])}
        # --root and --dry-run are everywhere below: what writes a file asks for them.
        assert read - {"--root"} == set(step.options) - {"--root", "--dry-run"}, step.name
