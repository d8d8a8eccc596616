"""The value of one variable as the reference deployment would have it, or why it cannot be known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .catalogue import Variable, variables
from .files import Entry, Tagged, Vault

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_REFERENCE = re.compile(r"\{\{\s*([a-z_][a-z0-9_.]*)\s*\}\}")
_SHOULD_BE = {
    "boolean": "true or false",
    "integer": "a whole number",
    "text": "a single text or number",
    "docker_size": "a size such as 100m",
}
# Names of people's own variables.
_SECRET_NAME = re.compile(r"pass|private_key|secret|token|credential")
_DOCKER_UNITS = {"k": "Ki", "m": "Mi", "g": "Gi"}


@dataclass(frozen=True)
class Bad:
    """No value; `meaning` says why, `way_out` what to do."""

    meaning: str
    way_out: str


@dataclass(frozen=True)
class Good:
    """A value; `remark` says where it was not as plain as it should be, `doubtful` that a person has to look."""

    value: object
    remark: str = ""
    doubtful: bool = False


class Values:
    """Entries by name, the one that counts; references between them are followed."""

    def __init__(self, entries: dict[str, Entry]):
        self._entries = entries
        self._defaults = {
            name: variable.default for name, variable in variables().items() if variable.default is not None
        }

    def plain(self, name: str) -> Any:
        """The value of a variable, None where it has none that can be used."""
        found = self.of(variables()[name])
        return found.value if isinstance(found, Good) else None

    def differs_from_default(self, variable: Variable) -> bool:
        """Is it set to another value than the one it would have without?"""
        others = {name: entry for name, entry in self._entries.items() if name != variable.name}
        found, default = self.of(variable), Values(others).of(variable)
        return not isinstance(default, Good) or not isinstance(found, Good) or default.value != found.value

    def of(self, variable: Variable) -> Good | Bad | None:
        """None where the variable is absent and nothing is its default."""
        entry = self._entries.get(variable.name)
        if entry is None:
            if variable.default is None:
                return None
            entry = Entry(variable.default, "", str(variable.default))
        way_out = _way_out(variable)
        if isinstance(entry.value, Vault):
            return Bad("ansible-vault encrypted the value; it is not decrypted here", way_out)
        if isinstance(entry.value, Tagged):
            return Bad(f"a value of the YAML tag {entry.value.tag}, which is not read here", way_out)
        if isinstance(entry.value, str) and ("{{" in entry.value or "{%" in entry.value):
            text = self._resolved(entry.value, (variable.name,))
            if text is None:
                return Bad("an expression of Ansible, which is not evaluated here", way_out)
            entry = Entry(text, entry.place, text)
        return _typed(entry, variable, way_out)

    def _resolved(self, text: str, above: tuple[str, ...]) -> str | None:
        """The text with each {{ variable }} replaced; None where there is more than plain names.

        A password is not put in, so that no other value carries it into the target.
        """
        failed = False

        def value(match: re.Match[str]) -> str:
            nonlocal failed
            name = match[1]
            if name not in above and not is_secret(name):
                entry = self._entries.get(name)
                plain = entry.value if entry else self._defaults.get(name)
                if isinstance(plain, str) and "{{" in plain:
                    plain = self._resolved(plain, (*above, name))
                if isinstance(plain, (str, int, float)):
                    return entry.raw if entry and not isinstance(plain, str) else str(plain)
            failed = True
            return ""

        done = _REFERENCE.sub(value, text)
        return None if failed or "{{" in done or "{%" in done else done


def _typed(entry: Entry, variable: Variable, way_out: str) -> Good | Bad:
    value = entry.value
    wrong = Bad(f"this must be {_SHOULD_BE.get(variable.type, 'a single value')}", way_out)
    if isinstance(value, (dict, list)) or value is None:
        return wrong
    if variable.type == "boolean":
        if value in (0, 1):
            return Good(bool(value))
        word = _WORDS.get(str(value).strip().lower())
        if word is None:
            return wrong
        if word:
            return Good(True, "a quoted word, read as true")
        # Jinja holds every text that is not empty for true.
        return Good(
            False,
            "a quoted word, which the templates of the reference deployment take for true: there it was "
            "on. Read as false, as it is written",
            doubtful=True,
        )
    if variable.type == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return Good(value)
        if isinstance(value, str) and re.fullmatch(r"[0-9]+", value.strip()):
            return Good(int(value), "a quoted number, read as a number")
        return wrong
    # A number is taken as it is written: 2.10 is no 2.1.
    text = entry.raw if entry.raw and not isinstance(value, str) else str(value)
    if isinstance(value, bool):
        return wrong
    if variable.type == "docker_size":
        match = re.fullmatch(r"([0-9]+)([kmg])", text)
        return Good(match[1] + _DOCKER_UNITS[match[2]]) if match else wrong
    return Good(text)


def is_secret(name: str) -> bool:
    """May the value of a variable be a secret? Then it is neither shown nor used."""
    variable = variables().get(name)
    return variable.type == "password" if variable else bool(_SECRET_NAME.search(name.lower()))


def _way_out(variable: Variable) -> str:
    if variable.home:
        return f"Write the value at {' and '.join(variable.home)} of the target"
    return "Correct it in the files of Ansible, and convert again"
