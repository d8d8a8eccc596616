"""Who may import whom: scripts -> compile -> faces -> the model -> the inventory, and never back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_FINDING = "components.inventory.finding"
_INVENTORY = ("components.inventory", _FINDING)
_MODEL = "components.cluster"
_LEAVES = (f"{_MODEL}.frozen", f"{_MODEL}.quantity")
_DOOR = (f"{_MODEL}.__init__", f"{_MODEL}.build", f"{_MODEL}.growth", f"{_MODEL}.load", f"{_MODEL}.read")
_CLUSTER = (*_LEAVES, f"{_MODEL}.input", f"{_MODEL}.types", _MODEL)
_FACE = (*_CLUSTER, "components.render", "components.faces")
#: Room -> the rooms that its modules may import beside itself. The longest name that fits a module is its room.
ARROWS: dict[str, tuple[str, ...]] = {
    "components": (),
    "components.inventory": (_FINDING,),
    _FINDING: (),
    # The model: what an inventory may say, what a cluster is, what follows from what, and how it is judged.
    **dict.fromkeys(_LEAVES, ()),
    f"{_MODEL}.input": (*_LEAVES, _FINDING),
    f"{_MODEL}.types": (f"{_MODEL}.quantity", f"{_MODEL}.input"),
    _MODEL: (*_CLUSTER, *_INVENTORY),
    f"{_MODEL}.rules": (*_CLUSTER, *_INVENTORY),
    # Who makes a cluster of an inventory, and has it judged.
    **dict.fromkeys(_DOOR, (*_CLUSTER, *_DOOR, *_INVENTORY, f"{_MODEL}.rules")),
    "components.render": (),
    # Kapitan's way in.
    "components.faces": _DOOR,
    "components.haproxy": _FACE,
    "components.kubeadm": _FACE,
    "components.page": (*_FACE, "components.page.marks"),
    "components.page.marks": (),
    # Of all clusters, so no face of one.
    "components.page.fleet": ("components.page", "components.page.marks", "components.render"),
    "components.monitoring": _FACE,
    # Its ConfigMaps hold what is made for the programs that watch.
    "components.manifests": (*_FACE, "components.monitoring"),
    # Its project lists the kinds of all manifests.
    "components.argocd": (*_FACE, "components.manifests"),
    # The faces are those that the inventory names.
    "components.compile": (*_CLUSTER, *_DOOR, *_INVENTORY, "components.page.fleet", "components.page.marks"),
    # A compile of another size, told in the page's words.
    "components.sizing": (*_FACE, *_DOOR, *_INVENTORY, "components.page"),
    # Two compiles, told in the page's words; what a step does stands in the bootstrap's heads.
    "components.review": (
        *_CLUSTER,
        *_DOOR,
        *_INVENTORY,
        "components.compile",
        "components.page",
        "components.kubeadm",
    ),
}
# What is fetched: the model says which, kubeadm's face which packages a release is.
ARROWS["components.supply"] = (*_CLUSTER, "components.inventory", _FINDING, "components.kubeadm")
# A key by its files and its shape; a line by making its file again.
ARROWS["components.why"] = (*_CLUSTER, *_DOOR, *_INVENTORY, "components.compile")
# Pages that people read, made of what is written and compiled.
ARROWS["components.site"] = (*_CLUSTER, *_DOOR, *_INVENTORY, "components.render", "components.why")
# The model says which machines there are, the bootstrap's heads which step runs where.
ARROWS["components.desk"] = (*_CLUSTER, "components.kubeadm")
# A review is told by what it is made of, and by nothing that could be asked for more.
ARROWS |= {"components.review.types": (), "components.review.forms": ("components.review.types",)}
ARROWS["components.review"] += ("components.review.types",)
ARROWS["scripts"] = tuple(ARROWS)
# The table of alerts is made of a cluster that no fork deletes, that of changes of what tests ask API servers about.
ARROWS["scripts.docs"] = (*ARROWS, "tests.inventory.targets", "tests.changes.table")


def _modules() -> dict[str, Path]:
    """Module -> its file; a package is its __init__."""
    files = (path for room in ("components", "scripts") for path in sorted((ROOT / room).rglob("*.py")))
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}
    return {module: path for module, path in modules.items() if ".tests." not in module}


MODULES = _modules()


def _imports(module: str, *, at_once: bool = False) -> Iterator[str]:
    """The modules of this repository that one imports; `at_once`: while it is itself imported."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    for node in tree.body if at_once else ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*above, node.module] if node.module else above)
            names = [f"{source}.{alias.name}" for alias in node.names]
        yield from (_module(name) for name in names if name.split(".")[0] in ("components", "scripts", "tests"))


def _module(name: str) -> str:
    """The module that an import names, or the one that has what it names."""
    above = name.rpartition(".")[0]
    return next((found for found in (name, f"{name}.__init__", above, f"{above}.__init__") if found in MODULES), above)


def _room(module: str) -> str:
    return max((room for room in ARROWS if f"{module}.".startswith(f"{room}.")), key=len, default=module)


def test_modules_import_only_what_their_room_may():
    wrong = [
        f"{module}: no arrow leads from {room} to {found}"
        for module in MODULES
        for room in [_room(module)]
        for found in _imports(module)
        if _room(found) not in (room, *ARROWS[room])
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_of_the_table_is_there():
    assert {_room(module) for module in MODULES} == ARROWS.keys()


def test_no_module_waits_for_itself():
    waits = {module: set(_imports(module, at_once=True)) - {module} for module in MODULES}
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' <- '.join(error.args[1])}")
