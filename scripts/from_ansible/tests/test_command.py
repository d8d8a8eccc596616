"""The command: exit codes, what it writes, and that nothing is overwritten or half-written."""

from __future__ import annotations

import pytest

from scripts.from_ansible import command
from scripts.from_ansible.tests.conftest import DOJOT, HOSTS, OPTIONS, SERVICES

PRECIOUS = "# written by hand\n"


@pytest.fixture
def target(inventory):
    return inventory / "targets" / "converted.yml"


@pytest.fixture
def quick(monkeypatch):
    """A conversion that has its text at once, for tests of what becomes of it."""
    monkeypatch.setattr(command, "_convert", lambda *_: "classes: []\n")


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_an_existing_target_is_kept(run, target, quick):
    target.write_text(PRECIOUS)
    code, _, err = run(*OPTIONS)
    assert code == 2 and f"{target} exists. --force replaces it" in err
    assert target.read_text() == PRECIOUS


def test_a_target_made_meanwhile_is_kept(run, target, monkeypatch):
    def slowly(*_):
        target.write_text(PRECIOUS)
        return "classes: []\n"

    monkeypatch.setattr(command, "_convert", slowly)
    code, _, err = run(*OPTIONS)
    assert code == 2 and "exists" in err
    assert target.read_text() == PRECIOUS and not leftovers(target.parent)


def test_force_replaces_it(run, target, quick):
    target.write_text(PRECIOUS)
    assert run(*OPTIONS, "--force")[0] == 0
    assert target.read_text() == "classes: []\n" and not leftovers(target.parent)


def test_a_failing_write_leaves_nothing(run, target, monkeypatch, quick):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command.os, "link", full)
    code, _, err = run(*OPTIONS)
    assert code == 2 and "No space left" in err
    assert not target.exists() and not leftovers(target.parent)


def test_the_text_alone(run, target, quick):
    code, out, err = run(*OPTIONS, "--output", "-")
    assert (code, out) == (0, "classes: []\n") and err.endswith("written to the standard output\n")
    assert not target.exists()


def test_twice_the_same(run):
    assert run(*OPTIONS, "--output", "-") == run(*OPTIONS, "--output", "-")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--tags", "vernemq,mosca"), "--tags vernemq and mosca cannot be used together"),
        (("--tags", "kafka"), "--tags kafka: this tag stands for no whole cluster. Use 100k, vernemq, mosca, lwm2m"),
    ],
)
def test_tags_that_make_no_cluster(run, target, arguments, said):
    code, _, err = run(*arguments)
    assert code == 2 and said in err and not target.exists()


def test_a_name_that_no_cluster_can_have(run):
    code, _, err = run(*OPTIONS, name="Dojot_1")
    assert code == 2 and "Dojot_1: a cluster's name has lower-case letters" in err


def test_a_load_balancer_that_is_no_address(run):
    code, _, err = run("--load-balancer", "haproxy.example.org")
    assert code == 2 and "--load-balancer haproxy.example.org: this is no IPv4 address" in err


def test_a_folder_without_hosts(run, ansible):
    (ansible.folder / HOSTS).unlink()
    code, _, err = run(*OPTIONS)
    assert code == 2 and "there is no hosts.yaml" in err


INI = {
    "groups": "[master_nodes]\nmaster_host ansible_host=192.168.0.10\n\n[all:vars]\ndojot_namespace=dojot\n",
    "hosts alone": "# ours\nmaster_host ansible_host=192.168.0.10\n",
    "names alone": "[master_nodes]  ; one\nmaster_host\n",
}


@pytest.mark.parametrize("text", INI.values(), ids=list(INI))
@pytest.mark.parametrize("name", [HOSTS, "hosts", "production.ini"])
def test_an_inventory_in_ini_format(run, ansible, target, name, text):
    (ansible.folder / HOSTS).unlink()
    (ansible.folder / "ansible.cfg").write_text("[defaults]\n")
    (ansible.folder / name).write_text(text)
    code, _, err = run(*OPTIONS)
    assert code == 1 and f"{ansible.folder / name}: an inventory in INI format" in err and not target.exists()
    assert f"ansible-inventory -i {ansible.folder / name} --list --yaml --export --output hosts.yaml" in err


def test_an_output_in_no_folder(run, tmp_path, quick):
    code, _, err = run(*OPTIONS, "--output", str(tmp_path / "nowhere" / "z.yml"))
    assert (
        code == 2
        and err
        == f"from_ansible: {tmp_path}/nowhere/z.yml: there is no folder {tmp_path}/nowhere. "
        "Make it, or name another file\n"
    )


def test_a_listing_of_something_else(run, tmp_path):
    (tmp_path / "pods.txt").write_text("NAME READY STATUS\nkafka-0 1/1 Running\n")
    code, _, err = run("--tags", "100k", "--nodes", str(tmp_path / "pods.txt"))
    assert code == 2 and "kubectl get nodes -o wide --show-labels" in err


@pytest.mark.parametrize(
    "file, text, said",
    [
        (HOSTS, "all: [\n", "not valid YAML"),
        (DOJOT, "\ndojot_zk_volume_size: {1Gi\n", "not valid YAML"),
        (SERVICES, "---\noptional: {}\n", "a second document"),
    ],
)
def test_a_file_that_cannot_be_read(run, ansible, target, file, text, said):
    """Half of an inventory is another inventory."""
    ansible.add(text, file)
    code, _, err = run(*OPTIONS)
    assert code == 1 and said in err and f"{ansible.folder / file}:" in err
    assert err.endswith("the files cannot be read; nothing was written\n")
    assert not target.exists()


def test_a_file_that_is_encrypted(run, ansible, target):
    ansible.add("$ANSIBLE_VAULT;1.1;AES256\n61626364\n", "group_vars/all/secret.yaml")
    code, _, err = run(*OPTIONS)
    assert code == 1 and "secret.yaml:1: ansible-vault encrypted the whole file" in err and not target.exists()


def test_a_class_that_is_not_there(run, target):
    code, _, err = run(*OPTIONS, "--platform", "future")
    assert code == 1 and "classes: platform.future: there is no such class" in err and not target.exists()
    assert "/tmp/from-ansible" not in err


def test_passwords_are_written_nowhere(run, ansible, target):
    ansible.add("\ndojot_psql_kong_passwd: Tr0ub4dor\nmy_api_token: Tr0ub4dor\n")
    ansible.change(
        HOSTS,
        "      ansible_host: 192.168.0.10",
        "      ansible_host: 192.168.0.10\n      ansible_become_pass: Tr0ub4dor",
    )
    code, out, err = run(*OPTIONS)
    assert code == 1
    assert "Tr0ub4dor" not in out + err + target.read_text("utf-8")
    assert "dojot_psql_kong_passwd: never written to Git; the place is Secret kong-secret, key password" in err
    assert "create secret generic kong-secret --from-file=password=FILE" in err
    assert "my_api_token: the reference deployment has no such variable" in err
