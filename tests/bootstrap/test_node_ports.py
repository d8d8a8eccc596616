"""NodePorts that Kubernetes chooses: from its API to a file, and compared with it."""

from __future__ import annotations

import pytest

from components.kubeadm import script, values

from .conftest import nodes_of, states, with_chosen_node_ports

# A server that has chosen what $STATE/NAMESPACE.SERVICE.PORT holds.
KUBECTL = r"""
case " $* " in
  *" --raw=/healthz "*) echo ok ;;
  *" get service "*)
    [[ $* =~ --namespace=([^ ]+)\ get\ service\ ([^ ]+).*eq\ .name\ \"([^\"]+)\" ]]
    cat "$STATE/${BASH_REMATCH[1]}.${BASH_REMATCH[2]}.${BASH_REMATCH[3]}" 2>/dev/null || true ;;
esac
"""


@pytest.fixture
def chosen(cluster):
    return with_chosen_node_ports(cluster)


@pytest.fixture
def box(sandbox, chosen):
    sandbox.write(script.script(chosen))
    sandbox.fake("kubectl", nodes_of(chosen) + KUBECTL)
    return sandbox


def _step(box, *options):
    return box.run("node-ports", "--root", str(box.folder / "root"), "--node-ports", "/ports", *options)


def _choose(box, chosen):
    """Variable -> number, of NodePorts that Kubernetes has chosen now."""
    numbers = {}
    for place, row in enumerate(values._node_ports(chosen)):
        variable, service, port = row.split("|")
        numbers[variable] = 31000 + place
        (box.state / f"{service.replace('/', '.')}.{port}").write_text(str(31000 + place))
    return numbers


def test_the_choice_is_written_once_it_is_made(box, chosen):
    done = _step(box)
    assert done.returncode == 1 and "yet: Argo CD makes it, run this step again" in done.stderr
    planned = _step(box, "--dry-run")
    assert (planned.returncode, states(planned.stdout)) == (0, {"would"})
    numbers = _choose(box, chosen)
    assert numbers and states(_step(box).stdout) == {"done"}
    written = (box.folder / "root/ports").read_text()
    assert written == "".join(f"{variable} {number}\n" for variable, number in numbers.items())
    assert states(_step(box).stdout) == {"skipped"}


def test_verify_compares_the_file_with_the_choice(box, chosen):
    numbers = _choose(box, chosen)
    _step(box)
    noted = box.folder / "root/ports"
    done = box.run("verify", "--node-ports", str(noted))
    assert done.stdout.count(f"ok: {noted} has the NodePort of ") == len(numbers)
    noted.write_text(noted.read_text().replace(" 31000\n", " 30999\n"))
    done = box.run("verify", "--node-ports", str(noted))
    assert done.stdout.count(f"ok: {noted} has the NodePort of ") == len(numbers) - 1
    assert "Kubernetes says 31000, the file 30999: run the step node-ports, copy the file to" in done.stdout


def test_plan_has_a_place_for_it(box, chosen):
    steps = [line.strip() for line in box.run("plan").stdout.splitlines()]
    place = steps.index("bootstrap.sh node-ports")
    # When Argo CD has made the Services.
    assert steps[place - 1] == "bootstrap.sh synced"
    assert steps[place + 1] == "then copy /etc/dojot/node-ports to the same place on the load balancer"
    box.write(script.script(chosen).replace("readonly NODE_PORTS=(", "readonly NODE_PORTS=() _OLD=("))
    assert "node-ports" not in box.run("plan").stdout
    assert states(_step(box).stdout) == {"skipped"}
