"""Images that no registry here has: the stand-in, told by the contract and by stand-ins.yml what it has to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scripts.engine_catalogue import installed
from tests.rehearsal.images import contracts
from tests.rehearsal.images.oci import Config
from tests.rehearsal.images.real import Image
from tests.rehearsal.images.tree import File, Folder, Link, Tree, programs, script, text, users
from tests.rehearsal.images.workshop import OWN, PYTHON, STAND_IN, Workshop, scripts, sources

# What auth, InfluxDB and Kong answer: of auth and Kong it is what the tests of their jobs have of them.
_SERVED = (
    "tests/engines/jobs/auth_api.py",
    "tests/engines/jobs/http_server.py",
    "tests/engines/jobs/kong_admin.py",
    "tests/engines/jobs/kong_schema.py",
    "tests/engines/jobs/kong-2.2.yml",
    "tests/rehearsal/images/serve/auth.py",
    "tests/rehearsal/images/serve/influx.py",
    "tests/rehearsal/images/serve/influxdb.py",
    "tests/rehearsal/images/serve/kept.py",
    "tests/rehearsal/images/serve/kong.py",
)


@cache
def recipes() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "stand-ins.yml").read_text("utf-8"))
    return found


def stand_in(workshop: Workshop, name: str) -> Image:
    """The image of a name, without registry and tag."""
    recipe = recipes()[name]
    contract = contracts.contract(name)
    layers = [workshop.busybox, workshop.stand_in]
    if recipe.get("python") or "serve" in recipe:
        layers.append(workshop.python)
    tree: Tree = {
        **_accounts(contract),
        **_folders(contract),
        f"{OWN}/contract.json": text(json.dumps(told(name), indent=1, sort_keys=True)),
        **(scripts(recipe["scripts"]) if "scripts" in recipe else {}),
        **(sources(*_SERVED) if "serve" in recipe else {}),
        **(
            dict.fromkeys(("/usr/bin/python3", "/usr/bin/python"), Link(f"{PYTHON}/bin/python3"))
            if recipe.get("python")
            else {}
        ),
        **programs({place: installed(program) for place, program in _programs(recipe).items()}),
    }
    run = f"{STAND_IN} {recipe.get('role', 'run')}"
    for place in recipe.get("starts", ()):
        # A script says who it is by its own name; a program is the stand-in under another one.
        tree[place] = script(f'#!/bin/sh\nexec {run} "$@"\n') if place.endswith(".sh") else Link(STAND_IN)
    layers.append(workshop.store.layer(tree))
    start = tuple(recipe.get("entrypoint", (*((recipe["tini"], "--") if "tini" in recipe else ()), *run.split())))
    search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return layers, Config(
        entrypoint=start,
        command=tuple(recipe.get("command", ())),
        user=contract.get("user", {}).get("own", ""),
        folder=contract.get("folder") or recipe.get("folder", "/"),
        environment={
            "PATH": ":".join(filter(None, (recipe.get("path"), search))),
            **({"PYTHONPATH": OWN} if "serve" in recipe else {}),
            **recipe.get("defaults", {}),
        },
        ports=tuple(opened["port"] for opened in contract.get("opens") or () if "port" in opened),
    )


def told(name: str) -> dict[str, Any]:
    """What the stand-in reads: the contract, and those parts of the recipe that are for it."""
    recipe = recipes()[name]
    found = contracts.for_stand_in(name)
    for opened in found["opens"]:
        opened["http"] = recipe.get("answers", {}).get(opened.get("port"), [])
    return {
        **found,
        **{
            key: recipe[key]
            for key in ("role", "serve", "logins", "amqp", "listens_first", "exit_code")
            if key in recipe
        },
    }


def _programs(recipe: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    if "tini" in recipe:
        found[recipe["tini"]] = "tini-static"
    if recipe.get("curl"):
        found["/usr/bin/curl"] = "curl"
    return found


def _accounts(contract: Mapping[str, Any]) -> Tree:
    own, _, group = contract.get("user", {}).get("own", "0:0").partition(":")
    homes = {int(user): home for user, home in contract.get("homes", {}).items()}
    known = {
        f"user{user}": (user, int(group) if user == int(own) else user, home) for user, home in homes.items() if user
    }
    return users(known)


def _folders(contract: Mapping[str, Any]) -> Tree:
    """Where it writes, with the rights that the image's source gives."""
    found: Tree = {}
    if "folder" in contract:
        found[contract["folder"]] = Folder()
    for write in contract.get("writes", ()):
        path = write["path"]
        if path.startswith("~") or "*" in path or path == "/tmp":
            continue
        user, _, group = write.get("owner", "0:0").partition(":")
        owner = (int(user), int(group))
        mode = 0o777 if write.get("anyone") else 0o775 if write.get("group_writes") else 0o755
        if Path(path).suffix:
            # A file that is not there yet: who may make it is said by its folder.
            found.setdefault(str(Path(path).parent), Folder(mode, owner))
        else:
            found[path] = Folder(mode, owner)
    return {path: entry for path, entry in found.items() if path != "/tmp" or not isinstance(entry, File)}
