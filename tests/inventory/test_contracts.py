"""The contracts of images: each file is one, says so to editors, and is found by the names that its image may have."""

from __future__ import annotations

import os
import re

import pytest
import yaml
from jsonschema import Draft202012Validator

from components.cluster.contracts import SHARED, contracts_in, parted, whole_of
from components.cluster.input.contract import FORMS, Contract
from components.cluster.input.json_schema import contract_schema
from components.cluster.runs import ports_in
from components.inventory.contracts_folder import ContractsFolder
from tests.conftest import ROOT

FOLDER = ROOT / "inventory" / "contracts"
CONTRACTS = ContractsFolder(FOLDER, ROOT)
NAMES = CONTRACTS.names()


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    Draft202012Validator.check_schema(contract_schema())
    return Draft202012Validator(contract_schema())


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_one(name, schema):
    contract = whole_of(CONTRACTS, name)
    path = FOLDER / f"{name}.yml"
    text = path.read_text("utf-8")
    assert [error.message for error in schema.iter_errors(yaml.safe_load(text))] == []
    assert text.startswith(f"# yaml-language-server: $schema={os.path.relpath(FOLDER / 'schema.json', path.parent)}\n")
    if not name.startswith(SHARED):
        assert contracts_in(CONTRACTS)(f"{name.partition('@')[0]}:{contract.tags[0]}") is contract
        assert contract.user and contract.opens is not None, "facts that every source states"


def test_what_several_have_in_common_is_somebodys():
    used = {whole_of(CONTRACTS, name).like for name in NAMES}
    assert {name for name in NAMES if name.startswith(SHARED)} <= used


def test_a_name_is_read_once():
    """Two files of a source may read one variable: then they agree what it may be."""
    for name in NAMES:
        seen: dict[str, object] = {}
        for file, read in (whole_of(CONTRACTS, name).variables or {}).items():
            for variable, entry in read.items():
                assert seen.setdefault(variable, entry) == entry, f"{name}: {variable} in {file}"


def test_variables_that_move_something_are_read():
    for name in NAMES:
        found = whole_of(CONTRACTS, name)
        if found.variables is None or name.startswith(SHARED):
            continue
        movers = {write.moved_by for write in found.writes} | {opening.variable for opening in found.opens or ()}
        movers |= {call.variable for call in found.calls} | {call.port_variable for call in found.calls}
        movers |= {found.memory.variable} if found.memory else set()
        assert {mover for mover in movers if mover and not found.variable(mover)} == set(), name


def test_of_what_nobody_read_nothing_is_known(tmp_path):
    (tmp_path / "secret.yml").write_text("tags: ['1']\nunread: its source is not public\n")
    assert contracts_in(ContractsFolder(tmp_path, tmp_path))("ours/secret:1") is None


def test_a_tag_may_have_a_file_of_its_own(tmp_path):
    (tmp_path / "report.yml").write_text("tags: ['1', '2']\nsource: x@1\nopens: [{port: 1, file: f}]\n")
    (tmp_path / "report@2.yml").write_text("tags: ['2']\nsource: x@2\nopens: []\n")
    contract_of = contracts_in(ContractsFolder(tmp_path, tmp_path))
    found = {tag: contract_of(f"registry.example.org/report:{tag}") for tag in ("1", "2", "3")}
    assert [contract and contract.source for contract in found.values()] == ["x@1", "x@2", None]


def test_the_documents_example_is_one(schema):
    (example,) = re.findall(r"```yaml\n(# yaml-language-server.*?)```", (ROOT / "docs/contracts.md").read_text(), re.S)
    values = yaml.safe_load(example)
    assert [error.message for error in schema.iter_errors(values)] == []
    assert Contract.model_validate(values).variable("TOKEN_KEY").required


@pytest.mark.parametrize("values", [{"opens": [{"port": 0, "file": "a"}]}, {"variables": {"a": {"A": "nmber"}}}, {"a": 1}])
def test_editors_are_told(schema, values):
    assert not schema.is_valid(values)


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("dojot/auth:v0.6.0", True),
        ("registry.example.org:5000/mirror/dojot/auth:v0.6.0", True),
        ("dojot/auth:v0.6.1", False),
        ("dojot/auth@sha256:" + 64 * "0", False),
        ("ours/auth:v0.6.0", False),
        ("auth:v0.6.0", False),
    ],
)
def test_an_image_is_known_by_the_end_of_its_name_and_its_tag(image, known):
    assert (contracts_in(CONTRACTS)(image) is not None) is known


def test_the_longest_name_wins_and_says_what_is_another(tmp_path):
    folder = tmp_path / "contracts"
    (folder / "example.org" / "dojot").mkdir(parents=True)
    (folder / "dojot").mkdir()
    (folder / "dojot" / "kong.yml").write_text(
        "tags: [a]\nsource: x@1\nopens: [{port: 1, file: f}]\nvariables: {f: {A: port}, g: {B: text}}\npassive: true\n"
    )
    (folder / "example.org" / "dojot" / "kong.yml").write_text(
        "tags: [a]\nsource: y@1\nlike: dojot/kong\nopens: [{port: 2, file: f}]\nvariables: {f: {A: host}}\n"
    )
    contract_of = contracts_in(ContractsFolder(folder, tmp_path))
    theirs, ours = contract_of("dojot/kong:a"), contract_of("example.org/dojot/kong:a")
    assert theirs and ours
    assert [opening.port for opening in theirs.opens or ()] == [1]
    assert ([opening.port for opening in ours.opens or ()], ours.source, ours.passive) == ([1, 2], "y@1", True)
    assert (ours.variable("A").form, ours.variable("B").form, ours.variable("C")) == ("host", "text", None)


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("a/b:1", ("a/b", "1")),
        ("host:5000/a:1", ("host:5000/a", "1")),
        ("host:5000/a@sha256:1", ("host:5000/a", "sha256:1")),
        # The tag says what it is.
        ("host:5000/a:1@sha256:2", ("host:5000/a", "1")),
    ],
)
def test_the_parts_of_an_image(image, parts):
    assert parted(image) == parts


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("8080", [8080]),
        (":9090", [9090]),
        ("0.0.0.0:8000,0.0.0.0:8443 ssl", [8000, 8443]),
        ("0.0.0.0:8000 reuseport backlog=16384", [8000]),
        ("127.0.0.1:8001,localhost:8002, 0.0.0.0:8444", [8444]),
        ("PLAINTEXT://0.0.0.0:9092,SSL://:9093", [9092, 9093]),
        ("zookeeper-0.zookeeper-cluster:2888:3888;zookeeper-1.zookeeper-cluster:2888:3888", [2888, 3888, 2888, 3888]),
        ("$(ADDRESS):9100", [9100]),
        ("10.0.0.1", []),
        ("off", []),
    ],
)
def test_ports_in_a_text(text, ports):
    assert list(ports_in(text)) == ports


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("number", ("0", "-1", "0.5"), ("7m", "", "1,000")),
        ("switch", ("true", "False"), ("yes", "1")),
        ("host", ("kafka-server", "10.0.0.1", "a.b.svc"), ("kafka:9092", "http://a", "a b")),
        ("port", ("1", "65535"), ("0", "65536", "http")),
        ("address", ("kafka:9092",), ("kafka", "kafka:", "kafka:99999")),
        ("addresses", ("a:1", "a:1,b:2"), ("a:1, b:2", "a:1,b")),
        ("url", ("http://a:1/b", "jdbc:postgresql://a:1/b?c=d", "mongodb://u:p@a"), ("a:1", "http:/a", "//a")),
        ("path", ("/tmp",), ("tmp", "./tmp")),
        ("cron", ("*/10 * * * *",), ("10m", "* * * *")),
        ("duration", ("30s", "1h30m", "7d"), ("30", "s")),
        ("text", ("anything at all\nin two lines",), ("",)),
    ],
)
def test_forms(form, good, bad):
    assert [value for value in good if not FORMS[form].fits(value)] == []
    assert [value for value in bad if FORMS[form].fits(value)] == []


def test_every_form_is_tried():
    (marks,) = (mark for mark in test_forms.pytestmark if mark.name == "parametrize")
    assert {form for form, _, _ in marks.args[1]} == set(FORMS)
