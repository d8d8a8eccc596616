"""What is said of a key stands in the files; what is said of a line does change it."""

from __future__ import annotations

import re

import pytest

from components.inventory.files import InventoryFiles
from components.inventory.inventory import Inventory
from components.why.key import key_of, leaves, meaning
from components.why.trial import NoSuchLine, Trials
from scripts import why
from tests.conftest import CLUSTERS, ROOT
from tests.inventory.targets import GUIDE, write_inventory
from tests.rendered import files_of, target_of

LAB = "dojot-lab"

pytestmark = pytest.mark.skipif(
    not {LAB, "dojot-100k", "dojot-100k-current"} <= set(CLUSTERS), reason="what is asked for is of examples, gone here"
)


@pytest.fixture(scope="module")
def files() -> InventoryFiles:
    return InventoryFiles(ROOT / "inventory")


@pytest.fixture
def ask(capsys):
    """(Exit code, lines, what it says of errors)."""

    def ask(*arguments: str):
        capsys.readouterr()
        code = why.main(list(arguments))
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return ask


@pytest.mark.parametrize("name", [CLUSTERS[0], LAB])
def test_each_line_that_is_named_has_the_key_and_its_text(files, name):
    target = target_of(name)
    texts = {path: path.read_text("utf-8").splitlines() for path in (ROOT / "inventory").rglob("*.yml")}
    for path, value in leaves(target.parameters):
        key = key_of(files, target, path)
        for place, text in key.places:
            file, _, number = place.rpartition(":")
            line = texts[ROOT / file][int(number) - 1]
            if text is None or path[-1].isdigit():
                # Of an item of a list, or of what a reference brings: the line of what holds it.
                assert any(part in line for part in path) or path[-1].isdigit(), (path, place)
                continue
            assert path[-1] in line, (path, place)
            if "\n" not in text and not line.rstrip().endswith((">", "|", ">-", "|-")):
                assert re.split(r"""[$'"]""", text)[0] in line, (path, place)
        # What stands in the last file is what counts, unless it refers to another key.
        last = key.places[-1][1]
        if last is not None and "$" not in last and not isinstance(value, (bool, type(None))):
            assert last.strip() == str(value).strip(), path


def test_overrides_come_in_the_order_of_the_classes(ask):
    code, lines, _ = ask("scale.devices", "--cluster", LAB)
    assert code == 0
    assert lines[0] == f"{LAB}:" and lines[2] == "scale.devices = 100"
    places = [line for line in lines if "inventory/" in line]
    assert "classes/scale/guide.yml" in places[0] and places[0].endswith("; overridden below")
    assert "classes/scale/lab.yml" in places[1] and places[1].endswith(": 100")
    assert any(line.startswith("  rule: open files of HAProxy: ") for line in lines)


def test_clusters_with_the_same_answer_share_it(ask):
    clusters = ("dojot-100k", "dojot-100k-current")
    (devices,) = {target_of(name).parameters["scale"]["devices"] for name in clusters}
    _, lines, _ = ask("scale.devices", *(word for name in clusters for word in ("--cluster", name)))
    assert lines[0] == f"{', '.join(clusters)}:" and lines.count(f"scale.devices = {devices}") == 1


def test_a_reference_is_followed(ask):
    _, lines, _ = ask("services.vernemq.ports.mqtts.expose.node_port", "--cluster", LAB)
    assert any(line.endswith(": ${nodeports:mqtts}") for line in lines)
    assert "  nodeports.mqtts = 30005" in lines
    assert any("classes/nodeports.yml:" in line for line in lines)


def test_a_value_leads_to_its_keys(ask):
    code, lines, _ = ask("30005")
    assert code == 0 and {"nodeports.mqtts = 30005", "services.vernemq.ports.mqtts.expose.node_port = 30005"} <= set(
        lines
    )


def test_a_line_of_the_inventory_leads_to_its_key(ask):
    text = (ROOT / "inventory" / "classes" / "nodeports.yml").read_text("utf-8").splitlines()
    number = next(number for number, line in enumerate(text, start=1) if "mqtts:" in line)
    assert "nodeports.mqtts = 30005" in ask(f"inventory/classes/nodeports.yml:{number}")[1]
    code, lines, err = ask("inventory/classes/nodeports.yml:1")
    assert (code, lines) == (1, []) and "no cluster has a parameter from there" in err


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """With one service, of which a file is made in no time."""
    folder = write_inventory(tmp_path_factory.mktemp("small"), [])
    (folder / "targets" / "small.yml").write_text(
        "classes: [guide-machines, service.zookeeper]\nparameters: {cluster: {domain: dojot.domain}}\n", "utf-8"
    )
    return folder


@pytest.mark.parametrize(
    ("file", "text", "keys"),
    [
        ("manifests/zookeeper.yml", r" +image: .*", {"services.zookeeper.image"}),
        ("manifests/zookeeper.yml", r"  replicas: .*", {"services.zookeeper.replicas"}),
        ("manifests/zookeeper.yml", r" +runAsUser: .*", {"services.zookeeper.security.user"}),
        ("manifests/zookeeper.yml", r"kind: StatefulSet", set()),
        ("bootstrap/kubeadm-init.yml", r"kubernetesVersion: .*", {"platform.kubernetes.version"}),
        ("README.md", r"\| `kafka` \| `192.168.0.12` .*", {"cluster.nodes.kafka.address", "services.zookeeper.title"}),
    ],
)
def test_a_line_follows_from_its_keys_and_no_others(small, file, text, keys):
    trials = Trials(Inventory.read(small).target("small"), file)
    number = next(number for number, line in enumerate(trials.lines, start=1) if re.fullmatch(text, line))
    found = {".".join(path) for path in trials.keys(number)}
    assert keys <= found if file == "README.md" else found == keys


def test_what_is_named_does_change_the_line(tmp_path):
    """By the whole way of a compile, from an inventory in which the key is another one."""
    name, file = GUIDE.name, "haproxy/haproxy.cfg"
    inventory = Inventory.read(write_inventory(tmp_path / "one", [GUIDE]))
    trials = Trials(inventory.target(name), file)
    number = next(number for number, line in enumerate(trials.lines, start=1) if line.startswith("    maxconn "))
    assert ("load_balancer", "reconnect_overlap") in trials.keys(number)
    folder = write_inventory(tmp_path / "two", [GUIDE])
    place, line = inventory.target(name).origin.place(("load_balancer", "reconnect_overlap"))
    page = folder.parent / place
    lines = page.read_text("utf-8").splitlines()
    lines[line - 1] = re.sub(r"reconnect_overlap: \d+", "reconnect_overlap: 11", lines[line - 1])
    page.write_text("\n".join(lines), "utf-8")
    other = files_of(Inventory.read(folder).target(name))[file].decode().splitlines()
    assert len(other) == len(trials.lines) and other[number - 1] != trials.lines[number - 1]


def test_a_compiled_line_is_told_with_its_keys(ask, small):
    number = _number(small, "kubernetesVersion: v1.17.3")
    code, lines, _ = ask(f"compiled/small/bootstrap/kubeadm-init.yml:{number}", "--inventory", str(small))
    assert code == 0 and lines[:2] == [
        f"compiled/small/bootstrap/kubeadm-init.yml:{number}",
        "  kubernetesVersion: v1.17.3",
    ]
    assert "platform.kubernetes.version = v1.17.3" in lines
    number = _number(small, "kind: ClusterConfiguration")
    code, lines, _ = ask(f"compiled/small/bootstrap/kubeadm-init.yml:{number}", "--inventory", str(small))
    assert code == 0 and "it is what the face writes for every cluster" in lines[-1]


def _number(inventory, text: str) -> int:
    return Trials(Inventory.read(inventory).target("small"), "bootstrap/kubeadm-init.yml").lines.index(text) + 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("scale.devises", "Did you mean scale.devices?"),
        ("services.kong.startup", "no cluster writes it. It is: "),
        (f"compiled/{LAB}/nowhere.yml:1", "nothing makes compiled/dojot-lab/nowhere.yml"),
        (f"compiled/{LAB}/README.md:99999", "README.md has "),
        ("compiled/README.md:1", "is no file of a cluster"),
    ],
)
def test_what_is_not_there_is_said(ask, asked, said):
    code, lines, err = ask(asked)
    assert code == 1 and said in err and lines == [] and err.startswith("why: ")


def test_an_unknown_cluster_is_wrong_use(ask):
    assert ask("scale.devices", "--cluster", "x")[::2] == (2, "why: no such cluster: x\n")


def test_no_line_is_the_one_before_the_first():
    with pytest.raises(NoSuchLine):
        Trials(target_of(LAB), "haproxy/haproxy.cfg").keys(0)


def test_meanings_are_those_of_the_document():
    document = (ROOT / "docs" / "inventory.md").read_text("utf-8")
    for path in ("scale.devices", "cluster.domain", "load_balancer.reconnect_overlap"):
        assert meaning(tuple(path.split("."))) and meaning(tuple(path.split("."))) in document
    assert meaning(("cluster", "nodes", "verne-1")) == "" == meaning(("nowhere",))
