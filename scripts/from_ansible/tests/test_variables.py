"""Every variable of the reference deployment has a home that exists, or a reason."""

from __future__ import annotations

import pickle

import pytest
import yaml

from components.cluster.input.read import read
from components.cluster.input.target import Inventory
from scripts.from_ansible.catalogue import deployment, variables
from scripts.from_ansible.rules import RULES
from scripts.from_ansible.tests.conftest import HERE
from tests.conftest import ROOT
from tests.inventory.targets import Fixture, renderer, write_inventory

UPSTREAM = yaml.safe_load((HERE / "upstream-variables.yml").read_text("utf-8"))
PAGE = (HERE.parent / "README.md").read_text("utf-8")
EVERYTHING = """\
classes: [guide, profile.full, profile.influxdb, profile.gui-v2, service.iotagent-lwm2m, service.iotagent-mosca]
"""
SAMPLES = {"boolean": True, "integer": 2}


def test_every_variable_is_known():
    assert UPSTREAM["named"].keys() == variables().keys()


def test_defaults_are_those_of_the_roles():
    ours = {name: variable.default for name, variable in variables().items() if name in UPSTREAM["role_defaults"]}
    assert {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in ours.items()
    } == UPSTREAM["role_defaults"]


def test_each_has_one_way():
    switches = {variable.when for variable in variables().values()} - {""}
    assert switches <= variables().keys()
    for name, variable in variables().items():
        ways = [variable.home, variable.secret, variable.adds, variable.takes_out, variable.none, variable.rule]
        assert len([way for way in ways if way]) == 1 or (not any(ways) and name in switches and variable.says), name
        assert (variable.type == "password") == bool(variable.secret), name
        assert not variable.rule or (variable.rule in RULES and variable.says), name


def test_the_page_has_every_tag_and_list():
    for tag, classes in deployment()["tags"].items():
        assert f"| `--tags {tag}` | " + ", ".join(f"`{name}`" for name in classes) in PAGE
    for name in deployment()["lists"]:
        assert f"`{name}`" in PAGE


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> dict:
    """The parameters of a cluster with every service there is."""
    folder = tmp_path_factory.mktemp("everything")
    return renderer(write_inventory(folder, [Fixture("everything", EVERYTHING)]))("everything")[0]


def _refused(parameters: dict) -> list[tuple[str, ...]]:
    refused = read(parameters)
    return [] if isinstance(refused, Inventory) else [finding.path for finding in refused]


def test_homes_exist(everything):
    """Each home is a parameter that the schema knows, of a service that there is."""
    before = _refused(everything)
    filled = pickle.loads(pickle.dumps(everything))
    for variable in variables().values():
        for path in variable.home:
            *above, key = path.split(".")
            assert above[:1] != ["services"] or above[1] in everything["services"], path
            node = filled
            for part in above:
                node = node.setdefault(part, {})
            node.setdefault(
                key,
                variable.default if variable.name.startswith("dojot_locust") else SAMPLES.get(variable.type, "text"),
            )
    assert _refused(filled) == before


def test_secrets_exist(everything):
    secrets = {
        name: keys for service in everything["services"].values() for name, keys in service.get("secrets", {}).items()
    }
    for variable in variables().values():
        if variable.secret:
            name, key = variable.secret
            assert key in secrets[name], variable.name


def test_classes_exist():
    classes = ROOT / "inventory" / "classes"
    named = [name for names in deployment()["tags"].values() for name in names] + deployment()["without_tags"]
    named += [name for variable in variables().values() for name in (variable.adds, variable.takes_out) if name]
    missing = [name for name in named if not (classes / f"{name.replace('.', '/')}.yml").is_file()]
    assert missing == []
