"""What reclass and Kapitan say of an inventory, in an operator's words.

The wordings are those of reclass-rs 0.10 and Kapitan 0.36; tests/scripts holds an
inventory for each. A message that is not known is passed on as it is.
"""

from __future__ import annotations

import re

from scripts.inventory_files import InventoryFiles

NODE = re.compile(r"Error while rendering inventory: Error rendering node (?P<target>\S+): (?P<rest>.*)", re.S)
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


def explain(message: str, files: InventoryFiles) -> str:
    """One line for an error message of reclass-rs: file, key, value, rule, way out."""
    node = NODE.search(message)
    if not node:
        return f"{files.folder}: {_one_line(message)}"
    target, rest = node["target"], node["rest"]
    own_file = str(files.targets[target].path) if target in files.targets else target

    def place(found: list[str]) -> str:
        # The last one wins the merge; the others are most often right.
        return found[-1] if found else own_file

    if match := LOOKUP.search(rest):
        if not match["key"]:
            return (
                f"{place(files.mentions(target, match['ref']))}: classes: {match['ref']}: a class "
                "name cannot be made of a parameter of the cluster. Write the name of the class"
            )
        # Other keys may mention the same parameter; this one is where reclass stopped.
        mentions = files.mentions(target, match["ref"])
        own = [line for line in files.setters(target, tuple(match["key"].split("."))) if line in mentions]
        return (
            f"{place(own or mentions)}: {match['key']} = {match['ref']}: "
            f"nothing of cluster {target} sets {_path(match['ref'])} ({match['part']} is missing). "
            f"{_way_out(target, match, files)}"
        )
    if match := NO_WAY.search(rest):
        return (
            f"{place(files.mentions(target, match['ref']))}: {match['key']} = {match['ref']}: the "
            f"reference asks for {match['part']} inside a value that is no map. "
            "Correct the reference"
        )
    if match := UNPARSED.search(rest):
        return (
            f"{place(files.mentions(target, match['ref'].splitlines()[0]))}: {match['ref']}: the "
            "reference is not closed. Write ${key:key}, or \\${ for the two characters themselves"
        )
    if match := LOOP.search(rest):
        paths = [path.strip(' "') for path in match["paths"].split(",")]
        places = files.setters(target, tuple(paths[0].split(":")))
        return (
            f"{place(places)}: {paths[0].replace(':', '.')}: the references "
            f"{' and '.join(f'${{{path}}}' for path in paths)} need one another. "
            "Write the value in one of them"
        )
    if match := MERGE.search(rest):
        places = files.setters(target, tuple(match["key"].split(".")))
        also = f" (set in {', '.join(places[:-1])})" if len(places) > 1 else ""
        return (
            f"{place(places)}: {match['key']}: {_kind(match['new'])} cannot be merged over "
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
        return f"{place(files.mentions(target, name))}: classes: {name}: there is no such class. Correct the name"
    return f"{own_file}: {_one_line(rest)}"


def explain_settings(error, files: InventoryFiles) -> list[str]:
    """Lines for a pydantic error about parameters.kapitan, the section Kapitan itself reads."""
    lines = []
    for detail in error.errors():
        path = tuple(str(part) for part in detail["loc"])
        key = ".".join(path[1:] if path[:1] == ("parameters",) else path)
        lines.append(
            f"{files.folder}: {key}: Kapitan refuses it: {_one_line(detail['msg'])}. "
            "Correct it in the class that sets kapitan.compile"
        )
    return lines


def _way_out(target: str, match: re.Match[str], files: InventoryFiles) -> str:
    path = tuple(_path(match["ref"]).split("."))
    parent = path[: path.index(match["part"])] if match["part"] in path else path[:-1]
    if near := files.near(target, parent, match["part"]):
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
