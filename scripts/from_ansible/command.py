"""Write the target of a cluster, inventory/targets/NAME.yml, from an inventory of dojot/ansible-dojot v0.6.0.

ANSIBLE is the folder with hosts.yaml, group_vars and host_vars (or its hosts.yaml). What the files
do not say has options: the tags of deploy.yaml, the node groups (the guide gives them with
kubectl label), the platform. What is unknown, contradictory or malformed is listed: file,
key, value, what it means, the way out. The target is written all the same, with the value
that the line names, and begins with the list; it holds no password. The compiler judges
it as well, so that you see at once what `make compile` would refuse.

Exit code: 0 written (there may be notes), 1 written with findings, or the files cannot be
read and nothing was written, 2 wrong use, nothing was written.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from components.inventory.plain_file import Unreadable
from scripts.from_ansible import target
from scripts.from_ansible.catalogue import deployment
from scripts.from_ansible.classes import classes_of
from scripts.from_ansible.convert import Conversion
from scripts.from_ansible.hosts import is_address
from scripts.from_ansible.inventory import AnsibleInventory, find_hosts, read_inventory
from scripts.from_ansible.kubectl import Listing, Node
from scripts.from_ansible.kubectl import nodes as listed_nodes
from scripts.from_ansible.machines import convert_machines
from scripts.from_ansible.node_groups import Groups
from scripts.from_ansible.report import Report
from scripts.from_ansible.table import tables
from scripts.from_ansible.values import Values

ROOT = Path(__file__).resolve().parents[2]
OK, FINDING, USAGE = 0, 1, 2
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
STDOUT = "-"


class WrongUse(Exception):
    """What is wrong with the command line."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    report = Report()
    try:
        _check(options)
        hosts = find_hosts(options.ansible)
        if hosts is None:
            raise WrongUse(
                f"{options.ansible}: there is no hosts.yaml. Name the folder that has it, such as "
                "inventories/example_local"
            )
        listing = options.nodes.read_text("utf-8") if options.nodes else None
        text = _convert(options, read_inventory(hosts, report), listing, report)
        if text is not None and options.output != STDOUT:
            _write(Path(options.output), text, options.force)
    except WrongUse as error:
        _say(f"from_ansible: {error}")
        return USAGE
    except (OSError, UnicodeDecodeError) as error:
        _say(f"from_ansible: {' '.join(str(error).split())}")
        return USAGE
    except Unreadable as error:
        _say(str(error))
        _say("from_ansible: the files cannot be read; nothing was written")
        return FINDING
    if text is not None and options.output == STDOUT:
        sys.stdout.write(text)
    return _tell(report, options.output, written=text is not None)


def _convert(options: argparse.Namespace, ansible: AnsibleInventory, listing: str | None, report: Report) -> str | None:
    """The text of the target; None where the classes it needs are not there."""
    from components.inventory.refused import Refused
    from scripts.from_ansible.judge import Workshop

    # .kapitan and the faces are found there.
    os.chdir(ROOT)
    workers = len(ansible.groups.get("worker_nodes", ()))
    classes = classes_of(options.tags, options.platform, Values(ansible.last), workers, options.inventory, report)
    with Workshop(options.inventory) as workshop:
        try:
            parameters = workshop.parameters(options.name, _bare(classes, ansible))
        except Refused as refusal:
            report.refusals += refusal.lines
            return None
        # The target is the one place that says it.
        del parameters["cluster"]["domain"]
        conversion = Conversion(ansible, parameters, classes, report)
        conversion.run()
        machines = convert_machines(
            ansible,
            _groups(parameters, conversion),
            report,
            Listing(str(options.nodes), _nodes(listing, parameters)) if listing is not None else Listing(),
            dict(options.group),
            options.load_balancer,
        )
        balancer = (machines.balancer.hostname, machines.balancer.address)
        text = target.text(classes, machines.nodes, balancer, conversion.parameters, report.findings)
        report.refusals += workshop.findings(options.name, text)
    return text


def _bare(classes: list[str], ansible: AnsibleInventory) -> str:
    """A target that shows what the classes say: machines do not matter to it, names made of the domain do."""
    domain = Values(ansible.last).plain("dojot_domain_name") or "example.org"
    return target.text(classes, [], ("haproxy", "192.0.2.1"), {"cluster.domain": domain}, [])


def _groups(parameters: dict[str, Any], conversion: Conversion) -> Groups:
    """Labels and groups as the classes have them, with what the conversion changes."""

    def changed(path: str, value: str) -> str:
        return str(conversion.parameters.get(path, value))

    moved = {group: changed(f"placement.{part}", group) for part, group in parameters["placement"].items()}
    groups, services = parameters["node_groups"], parameters["services"]
    return Groups(
        {name: changed(f"node_groups.{name}.label", group["label"]) for name, group in groups.items()},
        {
            name: moved.get(service["group"], service["group"])
            for name, service in services.items()
            if "group" in service
        },
    )


def _nodes(listing: str, parameters: dict[str, Any]) -> tuple[Node, ...]:
    try:
        return tuple(listed_nodes(listing, parameters["cluster"]["group_label"]))
    except ValueError as error:
        raise WrongUse(f"--nodes: {error}. Give the output of kubectl get nodes -o wide --show-labels") from error


def _check(options: argparse.Namespace) -> None:
    if not NAME.fullmatch(options.name):
        raise WrongUse(f"{options.name}: a cluster's name has lower-case letters, digits and hyphens")
    known = deployment()
    options.tags = options.tags.split(",") if options.tags else []
    if unknown := [tag for tag in options.tags if tag not in known["tags"]]:
        raise WrongUse(f"--tags {unknown[0]}: this tag stands for no whole cluster. Use {', '.join(known['tags'])}")
    if set(known["exclusive"]) <= set(options.tags):
        raise WrongUse(
            f"--tags {' and '.join(known['exclusive'])} cannot be used together: one cluster has one MQTT "
            "agent, and the playbook refuses both as well"
        )
    if options.load_balancer and not is_address(options.load_balancer):
        raise WrongUse(f"--load-balancer {options.load_balancer}: this is no IPv4 address")
    if options.output is None:
        options.output = str(options.inventory / "targets" / f"{options.name}.yml")
    if options.output != STDOUT and Path(options.output).exists() and not options.force:
        raise WrongUse(f"{options.output} exists. --force replaces it, --output - shows the text")
    if options.output != STDOUT and not (folder := Path(options.output).absolute().parent).is_dir():
        raise WrongUse(f"{options.output}: there is no folder {folder}. Make it, or name another file")
    if not options.ansible.exists():
        raise WrongUse(f"{options.ansible}: no such folder")
    options.output = options.output if options.output == STDOUT else os.path.abspath(options.output)
    options.inventory = options.inventory.absolute()


def _write(path: Path, text: str, force: bool) -> None:
    """All of it or nothing; without `force` nobody's file is replaced, even one made meanwhile."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(name, 0o644)
        if force:
            os.replace(name, path)
        else:
            os.link(name, path)
    except FileExistsError as error:
        raise WrongUse(f"{path} exists. --force replaces it, --output - shows the text") from error
    finally:
        Path(name).unlink(missing_ok=True)


def _tell(report: Report, output: str, written: bool) -> int:
    for line in report.notes:
        _say(f"note: {line}")
    for line in report.findings:
        _say(line)
    if report.refusals:
        _say("make compile would refuse the target:")
        for line in report.refusals:
            _say(f"  {line}")
    findings = len(report.findings) + len(report.refusals)
    count = "1 finding" if findings == 1 else f"{findings} findings"
    where = (
        "nothing was written"
        if not written
        else "written to the standard output"
        if output == STDOUT
        else f"{os.path.relpath(output)} is written"
    )
    _say(f"from_ansible: {count if findings else 'no findings'}; {where}")
    return FINDING if findings else OK


class _Variables(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(tables(), end="")
        parser.exit()


def _pair(text: str) -> tuple[str, str]:
    name, sign, group = text.partition("=")
    if not (name and sign and group):
        raise argparse.ArgumentTypeError(f"{text}: write HOST=GROUP, such as verne-1=vernemq")
    return name, group


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="from_ansible", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--variables",
        action=_Variables,
        nargs=0,
        help="show every variable of the reference deployment and its home, and exit",
    )
    parser.add_argument("name", metavar="NAME", help="name of the new cluster")
    parser.add_argument("ansible", metavar="ANSIBLE", type=Path, help="such as inventories/example_local")
    parser.add_argument(
        "--tags",
        metavar="TAGS",
        help=f"as deploy.yaml was given them: {', '.join(deployment()['tags'])} (default: none, all services)",
    )
    parser.add_argument(
        "--nodes",
        type=Path,
        metavar="FILE",
        help="output of kubectl get nodes -o wide --show-labels "
        "(or -o json), or the kubectl label commands: names and groups of the nodes",
    )
    parser.add_argument(
        "--group",
        action="append",
        type=_pair,
        default=[],
        metavar="HOST=GROUP",
        help="node group of a worker, such as verne-1=vernemq; wins over all else",
    )
    parser.add_argument(
        "--load-balancer", metavar="ADDRESS", help="address of the HAProxy host, in place of its ansible_host"
    )
    parser.add_argument(
        "--platform",
        default="guide",
        metavar="NAME",
        help="class of inventory/classes/platform (default: guide, what the playbooks install)",
    )
    parser.add_argument("--output", metavar="FILE", help="default: inventory/targets/NAME.yml; - shows the text")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.add_argument(
        "--inventory",
        type=Path,
        default=ROOT / "inventory",
        metavar="DIR",
        help="folder with targets/ and classes/ (default: inventory)",
    )
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
