"""What `make size` says, beside what a compile accepts (more points are tried with the engines)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
import yaml
from hypothesis import example, given, settings

from components.cluster import InvalidInventory
from components.cluster.read import cluster_of
from components.sizing import plot
from components.sizing.sized import sized
from components.sizing.wish import Wish, WrongWish
from scripts import size as command
from tests.sizing.agreement import NAME, SMALL, WISHES, agrees, of_the_guide


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with of_the_guide(tmp_path_factory.mktemp("sized")) as found:
        yield found


@settings(max_examples=10, deadline=None, derandomize=True)
@example(Wish(1))
@example(Wish(100_002))
@given(WISHES)
def test_a_compile_of_what_it_says_is_accepted_and_is_that_cluster(made, wish):
    agrees(made, wish)


def test_a_broker_less_than_it_says_loses_devices(made):
    """4 brokers of 6.3 GiB hold 100,000 TLS sessions of 190 kB when one is lost, 3 do not."""
    assert sized(made, Wish(100_000)).cluster.scale.brokers == 3
    assert sized(made, Wish(100_000, lose=1)).cluster.scale.brokers == 4
    assert sized(made, Wish(100_000, lose=2)).cluster.scale.brokers == 5


def test_rates_are_of_all_devices_and_no_faster_than_one_a_second_each(made):
    assert sized(made, Wish(100_000, rate=1_000)).cluster.scale.messages_per_second == 1_000
    with pytest.raises(WrongWish, match="more than one a second"):
        sized(made, Wish(100, rate=101))


def test_a_wall_is_where_a_compile_refuses(made):
    """The picture's first size above a wall is refused for that, the one before is not."""
    root = ElementTree.fromstring(plot.svg(made, Wish(200_000)))
    texts = [found.text or "" for found in root.iter("{http://www.w3.org/2000/svg}text")]
    name = "Volumes on node kafka"
    wall = int(re.search(r"full at ([\d,]+) devices", texts[texts.index(name) + 7])[1].replace(",", ""))

    def refused(devices: int) -> bool:
        changes = dict(sized(made, Wish(devices)).parameters)
        changes.pop("node_groups", None)
        try:
            cluster_of(made.with_parameters(changes))
        except InvalidInventory as refusal:
            return any(name.lower() in line.lower() for line in refusal.lines)
        return False

    assert refused(wall) and not refused(round(wall / 1.1))


@pytest.fixture
def size(made, capsys):
    """The command over that inventory: (exit code, standard output, standard error)."""

    def run(*arguments):
        try:
            code = command.main([*arguments, "--inventory", str(made.inventory)])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


def test_the_command(size):
    code, out, _ = size("300,000", "--format", "json")
    assert code == 0 and [json.loads(out)[key] for key in ("cluster", "devices", "brokers")] == [NAME, 300_000, 9]
    code, out, _ = size("1000", "--format", "yaml", "--tls")
    assert code == 0 and yaml.safe_load(out) == {"scale": {"devices": 1000}, "insecure_mqtt": False}
    code, out, _ = size("300000")
    assert code == 0 and "300,000 devices: " in out


def test_a_class_behind_those_of_the_target(size):
    """Of three Kafkas, each on a machine, the loss of one leaves two; of one it leaves none."""
    found = {}
    for arguments in ([], ["--class", "availability.high"]):
        code, out, _ = size("300000", "--format", "json", *arguments)
        assert code == 0
        told = json.loads(out)
        machines = {one["group"]: one["count"] for one in told["machines"]}
        losses = {one["group"]: one for one in told["losses"]}
        found[len(arguments)] = machines["kafka"], losses["kafka"]["waits"], losses["kafka"]["fewer"]
    kafka = ["Kafka", "ZooKeeper"]
    assert (found[0][0], found[2][0]) == (1, 3)
    assert set(kafka) <= {*found[0][1]} and found[0][2] == []
    assert found[2][1] == [] and found[2][2] == kafka


def test_what_more_than_machines_stands_in_the_way_of_is_said(size):
    """Kafka's log has a disk of its own, and nobody says that it may be larger."""
    code, out, said = size("2000000", "--cluster", SMALL)
    assert code == 1 and out == ""
    assert "Kafka's message log" in said and "more than machines stands in the way" in said
    assert "inventory/targets" in said


@pytest.mark.parametrize("wrong", [["0"], ["many"], ["100", "--cluster", "nowhere"], ["10", "--rate", "11"], []])
def test_wrong_use(wrong, size):
    code, out, said = size(*wrong)
    assert code == 2 and said and not out
