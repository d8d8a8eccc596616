"""Two clusters on the same machines: that can be meant while one takes the other's place, so it is a note."""

from components.compile.machines import shared
from tests.compile.conftest import CLUSTER, SECOND, TARGET, append, target

NOTE = f"note: {CLUSTER} and {SECOND} have machines in common (192.168.0.10 and 7 more), and a machine belongs to one"


def test_both_are_named(run, inventory):
    target(inventory, SECOND).write_text(TARGET)
    code, _, err = run()
    assert code == 0 and err.count("note: ") == 1 and NOTE in err


def test_one_that_is_compiled_later_is_compared_with_what_is_remembered(run, inventory):
    run()
    target(inventory, SECOND).write_text(TARGET)
    assert NOTE in run(SECOND)[2]
    assert "note: " not in run()[2], "nothing is compiled, so nothing is said"


def test_clusters_apart_are_not_named(run, inventory):
    nodes = ("master", "dojot", "kafka", "x509", "verne-1", "verne-2", "verne-3")
    target(inventory, SECOND).write_text(TARGET)
    append(target(inventory, SECOND), "    nodes:\n")
    for number, node in enumerate(nodes):
        append(target(inventory, SECOND), f"      {node}: {{address: 192.168.9.{number + 10}}}\n")
    append(target(inventory, SECOND), "  load_balancers: {haproxy: {address: 192.168.9.17}}\n")
    code, _, err = run()
    assert code == 0 and "note: " not in err


def test_many_on_the_same_machines_are_one_line():
    machines = {f"c{number}": ("10.0.0.1", "10.0.0.2") for number in range(9)} | {"d": ("10.0.0.2", "10.0.0.3")}
    one, other = shared(machines, machines)
    assert one.startswith("note: c0, c1, c2 and 6 more have machines in common (10.0.0.1), ")
    assert other.startswith("note: c0, c1, c2 and 7 more have machines in common (10.0.0.2), ")
    # Nobody is told of clusters that he has not asked for.
    assert [line.split("(")[1].split(")")[0] for line in shared(machines, {"d"})] == ["10.0.0.2"]
