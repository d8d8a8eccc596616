"""What reclass says of an inventory, in an operator's words.

The wordings are those of reclass-rs 0.10; tests/inventory/test_wording.py holds an
inventory for each. A message that is not known is passed on as it is.
"""

from __future__ import annotations

import re

from . import places
from .files import InventoryFiles
from .places import mentions, setters

NODE = re.compile(r"Error while rendering (?P<target>\S+): (?P<rest>.*)", re.S)
LOOKUP = re.compile(
    r"lookup error for reference '(?P<ref>.+?)' in parameter '(?P<key>.*?)': key '(?P<part>.*)' not found"
)
NO_WAY = re.compile(r"While looking up key '(?P<part>.*?)' in reference '(?P<ref>.+?)' for parameter '(?P<key>.*?)'")
UNPARSED = re.compile(r"Error parsing reference '(?P<ref>.+)'", re.S)
LOOP = re.compile(r"Detected reference loop with reference paths \[(?P<paths>.*)\]")
MERGE = re.compile(r"In (?P<key>\S+): Can't merge (?P<new>\S+) over (?P<old>\S+)")
CONSTANT = re.compile(r"Can't overwrite constant key \"(?P<key>.*)\"")
NO_CLASS = re.compile(r"Class (?P<name>\S+) not found")

KINDS = {"mapping": "a map", "sequence": "a list"}


def explain(message: str, target: str, files: InventoryFiles) -> str:
    """One line for what reclass-rs says of a target: file, key, value, rule, way out."""
    node = NODE.search(message)
    rest = node["rest"] if node else message
    own_file = str(files.targets[target].path)

    def place(found: list[str]) -> str:
        # The last one wins the merge; the others are most often right.
        return found[-1] if found else own_file

    if match := LOOKUP.search(rest):
        if not match["key"]:
            return (
                f"{place(mentions(files, target, match['ref']))}: classes: {match['ref']}: a class "
                "name cannot be made of a parameter of the cluster. Write the name of the class"
            )
        # Other keys may mention the same parameter; this one is where reclass stopped.
        mentioned = mentions(files, target, match["ref"])
        own = [line for line in setters(files, target, tuple(match["key"].split("."))) if line in mentioned]
        return (
            f"{place(own or mentioned)}: {match['key']} = {match['ref']}: "
            f"nothing of cluster {target} sets {_path(match['ref'])} ({match['part']} is missing). "
            f"{_way_out(target, match, files)}"
        )
    if match := NO_WAY.search(rest):
        return (
            f"{place(mentions(files, target, match['ref']))}: {match['key']} = {match['ref']}: the "
            f"reference asks for {match['part']} inside a value that is no map. "
            "Correct the reference"
        )
    if match := UNPARSED.search(rest):
        return (
            f"{place(mentions(files, target, match['ref'].splitlines()[0]))}: {match['ref']}: the "
            "reference is not closed. Write ${key:key}, or \\${ for the two characters themselves"
        )
    if match := LOOP.search(rest):
        paths = [path.strip(' "') for path in match["paths"].split(",")]
        found = setters(files, target, tuple(paths[0].split(":")))
        return (
            f"{place(found)}: {paths[0].replace(':', '.')}: the references "
            f"{' and '.join(f'${{{path}}}' for path in paths)} need one another. "
            "Write the value in one of them"
        )
    if match := MERGE.search(rest):
        found = setters(files, target, tuple(match["key"].split(".")))
        also = f" (set in {', '.join(found[:-1])})" if len(found) > 1 else ""
        return (
            f"{place(found)}: {match['key']}: {_kind(match['new'])} cannot be merged over "
            f"{_kind(match['old'])}{also}. Give both the same kind, or write ~{_last(match['key'])} "
            "to replace the earlier value"
        )
    if match := CONSTANT.search(rest):
        key = match["key"]
        return (
            f"{own_file}: {key}: the key is constant (={key}) in a class, another file sets it "
            "again. Remove one of the two"
        )
    if match := NO_CLASS.search(rest):
        name = match["name"]
        return f"{place(mentions(files, target, name))}: classes: {name}: there is no such class. Correct the name"
    return f"{own_file}: {_one_line(rest)}"



def _way_out(target: str, match: re.Match[str], files: InventoryFiles) -> str:
    path = tuple(_path(match["ref"]).split("."))
    parent = path[: path.index(match["part"])] if match["part"] in path else path[:-1]
    if near := places.near(files, target, parent, match["part"]):
        name, line = near
        return f"Is {'.'.join((*parent, name))} ({line}) a misspelt {match['part']}?"
    return "Set it, include the class that does, or correct the reference"


def _path(reference: str) -> str:
    return reference.removeprefix("${").removesuffix("}").replace(":", ".")


def _kind(word: str) -> str:
    return KINDS.get(word.removeprefix("Value::").lower(), "a single value")


def _last(key: str) -> str:
    return key.rsplit(".", 1)[-1]


def _one_line(text: str) -> str:
    return " ".join(text.split())
