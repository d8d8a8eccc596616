"""What a conversion starts from, and what has come of it so far."""

from __future__ import annotations

from typing import Any

from .catalogue import Variable
from .inventory import AnsibleInventory
from .report import Report
from .values import Values

#: In place of a value that the classes do not have.
MISSING = object()


class Outcome:
    """`parameters`, values by dotted path, are what the target gets to say.

    `classes` are the parameters as the target's classes alone give them; `without_effect` are
    variables that this cluster has no use for.
    """

    def __init__(self, ansible: AnsibleInventory, classes: dict[str, Any], report: Report):
        self.ansible, self.classes, self.report = ansible, classes, report
        self.parameters: dict[str, object] = {}
        self.entries = ansible.last
        self.values = Values(self.entries)
        self.without_effect: list[str] = []

    def value(self, name: str) -> Any:
        return self.values.plain(name)

    def place(self, name: str) -> str:
        return self.entries[name].place if name in self.entries else self.ansible.folder

    def present(self, path: str) -> Any:
        """What the classes say at a dotted path; None where they say nothing."""
        found = self.at(path)
        return None if found is MISSING else found

    def idle(self, variable: Variable) -> None:
        """Say that a value has no effect, unless it is the default anyway."""
        if variable.name not in self.without_effect and self.values.differs_from_default(variable):
            self.without_effect.append(variable.name)

    def write(self, path: str, value: object) -> None:
        self.parameters[path] = value

    def at(self, path: str) -> Any:
        """As `present`, with MISSING in place of None."""
        node: Any = self.classes
        for part in path.split("."):
            if not isinstance(node, dict) or part not in node:
                return MISSING
            node = node[part]
        return node
