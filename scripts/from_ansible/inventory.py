"""An Ansible inventory folder: its hosts, groups and variables, in Ansible's order of precedence."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from components.inventory.finding import near, suggest
from components.inventory.plain_file import Unreadable

from .catalogue import maps
from .files import Entry, Vault, leaves, read
from .report import Report
from .variable_files import Room, variable_files

HOSTS_FILES = ("hosts.yaml", "hosts.yml")
GROUP_KEYS = ("hosts", "children", "vars")
# Groups that the playbooks name. `haproxy` and `nginx` may be single hosts as well.
GROUPS = (
    "all",
    "ungrouped",
    "dojot-k8s",
    "k8s-nodes",
    "master_nodes",
    "worker_nodes",
    "apigw_nodes",
    "mqtt_nodes",
    "lwm2m_nodes",
    "metrics_nodes",
    "haproxy",
    "nginx",
)
ADDRESS_KEYS = ("ansible_host", "ansible_ssh_host")
_RANGE = re.compile(r"\[\w+:\w+(:\d+)?\]")
# A [group] on a line of its own, or variables beside a host.
_INI = re.compile(r"^\s*\[[^][]+\]\s*([#;].*)?$|^\s*[^\s#;:]+\s+ansible_\w+\s*=", re.MULTILINE)


@dataclass
class Machine:
    """A host of the inventory; without an address of its own its name is one, as for Ansible."""

    name: str
    place: str
    address: str
    address_place: str


@dataclass
class AnsibleInventory:
    """What the files say. `variables`: dotted name -> every Entry, the one that counts last."""

    folder: str
    hosts_file: str = ""
    machines: dict[str, Machine] = field(default_factory=dict)
    #: Group -> host names, those of its children included, in the order of the file.
    groups: dict[str, list[str]] = field(default_factory=dict)
    #: (group, host) -> place
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    variables: dict[str, list[Entry]] = field(default_factory=dict)

    @property
    def last(self) -> dict[str, Entry]:
        """Each variable as it counts."""
        return {name: entries[-1] for name, entries in self.variables.items()}


def find_hosts(path: Path) -> Path | None:
    """The hosts file that a command line names, by itself or by its folder.

    Where the folder has none that is read here, one in INI format, to say so.
    """
    if path.is_file():
        return path
    named = [path / name for name in HOSTS_FILES if (path / name).is_file()]
    others = [file for file in sorted(path.glob("*")) if file.suffix in ("", ".ini") and _is_ini(file)]
    return next(iter([*named, *others]), None)


def read_inventory(hosts: Path, report: Report) -> AnsibleInventory:
    """Read everything. Raises Unreadable, since half an inventory would be another one."""
    folder = hosts.parent
    found = AnsibleInventory(folder=str(folder), hosts_file=str(hosts))
    reader = _Reader(found, report)
    reader.hosts(_hosts_file(hosts, report))
    groups = Room(
        "group_vars",
        GROUPS,
        "no playbook of the reference deployment uses this group",
        "Put what it says into group_vars/all",
    )
    for _, path in variable_files(folder, groups, report):
        reader.variables(read(path, str(path), report))
    machines = Room("host_vars", found.machines, f"{hosts.name} has no host of this name", "Rename it, or add the host")
    for name, path in variable_files(folder, machines, report):
        reader.of_host(name, read(path, str(path), report))
    reader.host_variables()
    reader.machines_of_no_group()
    if not any((folder / name).exists() for name in ("group_vars", "host_vars")) and not found.variables:
        report.finding(
            str(folder),
            "group_vars",
            "there is no such folder, so no variable is set",
            "Name the folder that has hosts.yaml and group_vars in it",
        )
    return found


def _hosts_file(hosts: Path, report: Report) -> Entry:
    try:
        return read(hosts, str(hosts), report)
    except Unreadable as error:
        if not _is_ini(hosts):
            raise
        raise Unreadable(
            f"{hosts}: an inventory in INI format, which is not read here. Let Ansible write it as YAML "
            f"(ansible-inventory -i {shlex.quote(str(hosts))} --list --yaml --export --output hosts.yaml), and convert "
            "that file: what group_vars and host_vars say is in it"
        ) from error


def _is_ini(path: Path) -> bool:
    try:
        return path.is_file() and bool(_INI.search(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError):
        return False


class _Reader:
    def __init__(self, found: AnsibleInventory, report: Report):
        self.found, self.report = found, report
        self._host_vars: list[Entry] = []
        self._logins: dict[str, list[str]] = {}

    def hosts(self, root: Entry) -> None:
        for name, group in root.children.items():
            self._group(name, group, ())

    def machines_of_no_group(self) -> None:
        members = {
            name for group, names in self.found.groups.items() if group not in ("all", "ungrouped") for name in names
        }
        for name, machine in self.found.machines.items():
            known = name in members or name in ("localhost", "haproxy", "nginx")
            if not known and _is_placeholder(machine.address):
                self.report.note(machine.place, name, "a placeholder of the example inventory, in no group; left out")
            elif not known:
                self.report.finding(
                    machine.place,
                    name,
                    "the machine is in no group that the playbooks use, so it is left out",
                    "Add it to worker_nodes if it is a node",
                    machine.address,
                )

    def variables(self, root: Entry) -> None:
        for name, entry in root.children.items():
            self._variable(name, entry)

    def host_variables(self) -> None:
        for entry in self._host_vars:
            self.variables(entry)
        for key, places in self._logins.items():
            self.report.note(
                places[0],
                key,
                "how Ansible logs in; left out, because bootstrap.sh runs on each machine itself"
                + (f" ({len(places)} places)" if len(places) > 1 else ""),
            )

    def _group(self, name: str, group: Entry, above: tuple[str, ...]) -> list[str]:
        if name in above:
            raise Unreadable(f"{group.place}: {name}: the group is a child of itself. Take it out")
        if name not in GROUPS:
            guess = near(name, GROUPS)
            hint = f"Did you mean {guess}?" if guess else "Put its hosts into the groups of the playbooks"
            self.report.finding(group.place, name, "no playbook of the reference deployment uses this group", hint)
        if not group.is_map and not group.is_empty:
            raise Unreadable(f"{group.place}: {name}: a group must be a map of {', '.join(GROUP_KEYS)}")
        names: list[str] = []
        for key, entry in group.children.items():
            if key not in GROUP_KEYS:
                self.report.finding(
                    entry.place,
                    f"{name}.{key}",
                    "unknown key of a group; left out, as Ansible does",
                    suggest(key, GROUP_KEYS),
                )
                continue
            if not entry.is_map and not entry.is_empty:
                raise Unreadable(f"{entry.place}: {name}.{key}: must be a map. Write name: lines")
            for child, value in entry.children.items():
                if key == "hosts":
                    names.append(child)
                    self._host(name, child, value)
                elif key == "children":
                    names += self._group(child, value, (*above, name))
                else:
                    self._variable(child, value)
        known = self.found.groups.setdefault(name, [])
        known += [host for host in dict.fromkeys(names) if host not in known]
        return names

    def _host(self, group: str, name: str, entry: Entry) -> None:
        if _RANGE.search(name):
            self.report.finding(entry.place, name, "a range of hosts; it is not expanded here", "Write the hosts out")
        if not entry.is_map and not entry.is_empty:
            raise Unreadable(f"{entry.place}: {name}: a host must be a map, such as ansible_host: 192.168.0.14")
        self.found.places[group, name] = entry.place
        self.found.machines.setdefault(name, Machine(name, entry.place, name, entry.place))
        self.of_host(name, entry)

    def of_host(self, name: str, entry: Entry) -> None:
        """What is said of one host, beside its name or in host_vars: its address, and variables."""
        machine, others = self.found.machines[name], {}
        for key, value in entry.children.items():
            if key in ADDRESS_KEYS and isinstance(value.value, Vault):
                self.report.finding(
                    value.place,
                    f"{name}.{key}",
                    "ansible-vault encrypted the address; it is not decrypted here",
                    "Write it at cluster.nodes of the target",
                )
            elif key in ADDRESS_KEYS:
                if machine.address not in (name, str(value.value)):
                    self.report.finding(
                        value.place,
                        f"{name}.{key}",
                        f"the host has two addresses, {machine.address} at "
                        f"{machine.address_place} as well; the last one counts",
                        "Keep one of them",
                        value.value,
                    )
                machine.address, machine.address_place = str(value.value), value.place
            else:
                others[key] = value
        if others:
            self._host_vars.append(Entry({}, entry.place, children=others))

    def _variable(self, name: str, entry: Entry) -> None:
        if name.startswith("ansible_"):
            self._logins.setdefault(name, []).append(entry.place)
            return
        if name in maps() and entry.is_map:
            for below, leaf in leaves(entry, name):
                self.found.variables.setdefault(below, []).append(leaf)
            return
        self.found.variables.setdefault(name, []).append(entry)


def _is_placeholder(address: str) -> bool:
    return bool(re.fullmatch(r"[A-Z0-9_]+_ADDRESS", address))
