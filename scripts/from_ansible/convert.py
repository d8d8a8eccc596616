"""From variables to parameters of a target, by variables.yml.

A parameter is written only where it differs from what the classes say. A variable that
is absent has the reference deployment's default, and that is carried over as well.
"""

from __future__ import annotations

import re
from typing import Any

from components.inventory.finding import near

from .catalogue import VERSION, Variable, maps, variables
from .files import Entry
from .inventory import AnsibleInventory
from .outcome import MISSING, Outcome
from .passwords import Passwords
from .report import Report
from .rules import RULES
from .values import Bad, Good, is_secret


class Conversion(Outcome):
    """One pass over every variable; `names` are those of the target's classes."""

    def __init__(self, ansible: AnsibleInventory, classes: dict[str, Any], names: list[str], report: Report):
        super().__init__(ansible, classes, report)
        self._names = names
        self._passwords = Passwords(self)

    def run(self) -> None:
        self._say_what_is_set_twice()
        self._say_what_is_unknown()
        for variable in variables().values():
            self._convert(variable)
        self._switch_all_volumes()
        self._passwords.tell()
        if self.without_effect:
            self.report.note(
                self.ansible.folder,
                ", ".join(self.without_effect),
                "of no effect: these services are not part of this cluster",
            )

    # -- what the files say as a whole

    def _say_what_is_set_twice(self) -> None:
        for name, entries in self.ansible.variables.items():
            first, last = entries[0], entries[-1]
            if len(entries) == 1:
                continue
            if all(entry.value == last.value for entry in entries):
                self.report.note(last.place, name, f"set at {first.place} as well, to the same value")
                continue
            hidden = is_secret(name)
            others = ", ".join(e.place if hidden else f"{_shown(e)} at {e.place}" for e in entries[:-1])
            self.report.finding(
                last.place,
                name,
                f"the variable has other values too ({others}); this one counts, as for Ansible",
                "Keep one of them",
                None if hidden else _shown(last),
            )

    def _say_what_is_unknown(self) -> None:
        known = variables()
        for name, entry in self.entries.items():
            if name in known:
                continue
            value = None if is_secret(name) or entry.is_map else _shown(entry)
            if name in maps():
                keys = sorted(key for key in known if key.startswith(f"{name}."))
                self.report.finding(
                    entry.place, name, "this must be a map; left out", f"Its keys are {', '.join(keys)}", value
                )
                continue
            guess = near(name, known)
            self.report.finding(
                entry.place,
                name,
                "the reference deployment has no such variable; left out",
                (f"Did you mean {guess}? " if guess else "")
                + "If your own playbooks use it, find its home in docs/inventory.md",
                value,
            )

    # -- one variable

    def _convert(self, variable: Variable) -> None:
        name, given = variable.name, variable.name in self.entries
        if variable.type == "password":
            if given:
                self._passwords.take(variable)
            return
        if variable.mandatory and not given:
            self.report.finding(
                self.ansible.folder,
                name,
                "the variable is not set, and the reference deployment has no default for it",
                _where(variable),
            )
        found = self.values.of(variable)
        if found is None:
            if not variable.rule:
                return
            # A rule has its say about what is absent, too.
            found = Good(None)
        if isinstance(found, Bad):
            shown = self.entries[name] if given else None
            if given or not variable.none:
                self.report.finding(
                    self.place(name),
                    name,
                    f"{found.meaning}; left out",
                    found.way_out,
                    shown.raw if shown and shown.raw else None,
                )
            return
        if found.remark and given:
            say = self.report.finding if found.doubtful else self.report.note
            say(
                self.place(name),
                name,
                found.remark,
                "Look at what depends on it" if found.doubtful else "",
                f"'{self.entries[name].raw}'",
            )
        if variable.when and not self.value(variable.when):
            if given and self.values.differs_from_default(variable):
                self.report.note(
                    self.place(name), name, f"of no effect, because {variable.when} is false", value=found.value
                )
            return
        if variable.rule:
            RULES[variable.rule](self, variable, found.value)
        elif variable.none:
            self._homeless(variable, found, given)
        elif variable.adds:
            if found.value and variable.adds not in self._names:
                self.idle(variable)
        elif not variable.takes_out:
            self._homes(variable, found, given)

    def _homeless(self, variable: Variable, found: Good, given: bool) -> None:
        if not given or not self.values.differs_from_default(variable):
            return
        if variable.harmless:
            self.report.note(self.place(variable.name), variable.name, f"left out: {variable.none}", value=found.value)
        else:
            self.report.finding(
                self.place(variable.name),
                variable.name,
                f"left out: {variable.none}",
                "Look at whether that suits you",
                found.value,
            )

    def _homes(self, variable: Variable, found: Good, given: bool) -> None:
        if not given and variable.default == VERSION:
            # The release's class has the image.
            return
        value = self._image(variable, found.value) if variable.image else found.value
        for path in variable.home:
            service = re.match(r"services\.([^.]+)", path)
            if service and service[1] not in self.classes["services"]:
                if given:
                    self.idle(variable)
                continue
            present = self._own(path, variable)
            if str(present) == str(value) or present == value:
                continue
            if present is MISSING and not given and not variable.when:
                continue
            if not given and variable.keep:
                self.report.note(
                    self.ansible.folder,
                    variable.name,
                    f"not set; the reference deployment then takes "
                    f"{_word(value)}. Here {path} keeps {_word(present)}: {variable.keep}",
                )
                continue
            if not given:
                self.report.note(
                    self.ansible.folder,
                    variable.name,
                    "not set; the reference deployment's default "
                    f"differs from the one here and is carried over to {path}",
                    value=_word(value),
                )
            self.write(path, value)
            if value is True and variable.says:
                self.report.note(self.place(variable.name), variable.name, _plain(variable.says), value=value)

    def _image(self, variable: Variable, tag: object) -> str:
        """The image of the class, with another tag."""
        name = str(self.present(variable.home[0]) or variable.image)
        return f"{name.rpartition(':')[0] or name}:{tag}"

    def _own(self, path: str, variable: Variable) -> Any:
        present = self.at(path)
        if present is MISSING and path.endswith(".persistent"):
            # A volume that says nothing follows the switch of all.
            return self._volumes_persistent()
        if present is MISSING and variable.type == "boolean":
            return False
        return present

    def _volumes_persistent(self) -> bool:
        present = self.at("volumes.persistent")
        return True if present is MISSING else bool(present)

    def _switch_all_volumes(self) -> None:
        """One line where no variable of this cluster's services asks for persistence."""
        volumes = {
            path
            for variable in variables().values()
            for path in variable.home
            if path.endswith(".persistent") and path.split(".")[1] in self.classes["services"]
        }
        off = {path for path, value in self.parameters.items() if path.endswith(".persistent") and value is False}
        if volumes and volumes == off and self.at("volumes.persistent") is True:
            for path in off:
                del self.parameters[path]
            self.write("volumes.persistent", False)
            self.report.note(
                self.ansible.folder,
                "dojot_*_persistent_volumes",
                "all are false, so volumes.persistent is: it counts for volumes that have no variable as well",
            )


def _shown(entry: Entry) -> str:
    return entry.raw or ("a map" if entry.is_map else str(entry.value))


def _word(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _plain(text: str) -> str:
    """Text of the page without its links: docs/switches.md in place of [switches](../../docs/switches.md)."""
    return re.sub(r"\[[^]]*\]\((?:\.\./)*([^)]*)\)", r"\1", text)


def _where(variable: Variable) -> str:
    return f"Write it at {variable.home[0]} of the target" if variable.home else "Set it, and convert again"
