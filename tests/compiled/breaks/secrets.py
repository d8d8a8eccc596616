"""Breaks of tests/compiled/checks/secrets.py."""

import re

from tests.compiled.bootstrap_values import SCRIPT, table
from tests.compiled.breaking import breaks
from tests.compiled.checks import secrets
from tests.compiled.checks.argocd import WAVE
from tests.compiled.tree import Absent, Tree, first


def _first_container(tree: Tree) -> tuple[str, dict]:
    found = tree.some("Deployment")
    return found["metadata"]["name"], found["spec"]["template"]["spec"]["containers"][0]


def _reference(tree: Tree) -> dict:
    for found in tree.of_kind("Deployment", "StatefulSet"):
        for entry in found["spec"]["template"]["spec"]["containers"][0].get("env", ()):
            if "secretKeyRef" in entry.get("valueFrom", {}):
                return entry["valueFrom"]["secretKeyRef"]
    raise Absent("no container reads a Secret")


def _random(tree: Tree) -> tuple[str, str]:
    """Secret and key of the first random value."""
    rows = table(tree.files, "SECRETS")
    return first(((secret, key) for secret, key, how, *_ in rows if how == "random"), "nothing is random")


def _row(tree: Tree, secret: str, key: str, how: str, value: str) -> None:
    """Replace a row of SECRETS in the script."""
    tree.files[SCRIPT] = re.sub(
        rf"(?m)^(\s+)'?{secret}\|{key}\|.*$", rf"\1'{secret}|{key}|{how}|{value}'", tree.files[SCRIPT]
    )


@breaks(secrets.no_secret_objects, "Secret")
def a_secret_in_git(tree: Tree) -> str:
    tree.documents["manifests/namespace.yml"].append(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "told"}}
    )
    return "told"


@breaks(secrets.references_lead_to_secrets, "the bootstrap makes no key")
def a_misspelled_secret(tree: Tree) -> str:
    reference = _reference(tree)
    reference["name"] += "s"
    return reference["name"]


@breaks(secrets.references_lead_to_secrets, "the bootstrap makes no key passwort")
def a_misspelled_key(tree: Tree) -> str:
    reference = _reference(tree)
    reference["key"] = "passwort"
    return reference["name"]


@breaks(secrets.references_lead_to_secrets, "is used by nobody")
def a_secret_that_nobody_uses(tree: Tree) -> str:
    # The reference made a Secret for MongoDB and ran it without authentication.
    tree.files[SCRIPT] = tree.files[SCRIPT].replace(
        "readonly SECRETS=(", "readonly SECRETS=(\n  'idle|password|random|'"
    )
    return "idle"


def _readers(tree: Tree) -> list[list[str]]:
    return first([table(tree.files, "READERS")], "nobody reads a Secret")


@breaks(secrets.readers_of_a_secret_start_anew, "READERS lacks")
def a_reader_that_goes_on_with_the_former_value(tree: Tree) -> str:
    row = "|".join(_readers(tree)[0])
    tree.files[SCRIPT] = tree.files[SCRIPT].replace(f"  '{row}'\n", "", 1)
    return row


@breaks(secrets.readers_of_a_secret_start_anew, "nobody asked for")
def a_reader_that_reads_nothing(tree: Tree) -> str:
    tree.files[SCRIPT] = tree.files[SCRIPT].replace(
        "readonly READERS=(", "readonly READERS=(\n  'dojot/idle|deployment/idle|name=idle|rolling'"
    )
    return "idle"


@breaks(secrets.readers_of_a_secret_start_anew, "nobody asked for")
def a_database_that_starts_anew_with_a_password_that_it_keeps(tree: Tree) -> str:
    kept = [row for row in table(tree.files, "ROTATIONS") if row[4]]
    secret, keeper = first(((row[0], row[4]) for row in kept), "nobody keeps a value")
    tree.files[SCRIPT] = tree.files[SCRIPT].replace(
        "readonly READERS=(", f"readonly READERS=(\n  '{secret}|{keeper}|name=it|rolling'"
    )
    return keeper


@breaks(secrets.readers_of_a_secret_start_anew, "are not in the order of the waves")
def readers_that_start_before_whom_they_call(tree: Tree) -> str:
    rows = table(tree.files, "READERS")
    places = [row[0] for row in rows]
    secret = first((place for place in places if places.count(place) > 1), "no Secret has two readers")
    one = first((row[1] for row in rows if row[0] == secret), "")
    for found in tree.of_kind("Deployment", "StatefulSet"):
        if f"{found['kind'].lower()}/{found['metadata']['name']}" == one:
            found["metadata"]["annotations"][WAVE] = "1000"
    return secret


@breaks(secrets.passwords_are_random, "must be random")
def a_password_in_the_inventory(tree: Tree) -> str:
    secret, key = _random(tree)
    _row(tree, secret, key, "literal", "kong")
    return secret


@breaks(secrets.passwords_are_random, "is written down")
def a_random_value_that_is_none(tree: Tree) -> str:
    secret, key = _random(tree)
    _row(tree, secret, key, "random", "4")
    return secret


@breaks(secrets.passwords_are_random, "a provided value is written down")
def a_value_that_people_bring_in_git(tree: Tree) -> str:
    secret, key = _random(tree)
    _row(tree, secret, key, "provided", "4711")
    return secret


@breaks(secrets.environment_holds_no_credential, "is written down; take it from a Secret")
def a_password_in_the_environment(tree: Tree) -> str:
    name, container = _first_container(tree)
    container.setdefault("env", []).append({"name": "MINIO_SECRET_KEY", "value": "minio"})
    return name


@breaks(secrets.environment_holds_no_credential, "AUTH_DB_PWD is written down")
def a_password_under_a_short_name(tree: Tree) -> str:
    name, container = _first_container(tree)
    container["env"] = [{"name": "AUTH_DB_PWD", "value": "auth"}]
    return name


@breaks(secrets.environment_holds_no_credential, "COOKIE")
def the_brokers_cookie(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["env"].append({"name": "DISTRIBUTED_COOKIE", "value": "vmq"})
    return found["metadata"]["name"]


@breaks(secrets.texts_hold_no_credential, "looks like a credential")
def a_password_in_a_config_map(tree: Tree) -> str:
    found = tree.some("ConfigMap")
    found["data"]["settings"] = "user: kong\npassword: kong\n"
    return found["metadata"]["name"]


@breaks(secrets.texts_hold_no_credential, "looks like a credential")
def a_password_in_json(tree: Tree) -> str:
    found = tree.some("ConfigMap")
    found["data"]["settings"] = '{"user":"admin","passwd":"admin"}'
    return found["metadata"]["name"]


@breaks(secrets.texts_hold_no_credential, "a join token")
def the_documentations_join_token(tree: Tree) -> str:
    tree.files[SCRIPT] += "kubeadm join --token abcdef.0123456789abcdef\n"
    return SCRIPT


@breaks(secrets.texts_hold_no_credential, "a private key")
def a_private_key(tree: Tree) -> str:
    tree.files["README.md"] += "-----BEGIN RSA PRIVATE KEY-----\n"
    return "README.md"


@breaks(secrets.texts_hold_no_credential, "a password inside an address")
def a_password_in_an_address(tree: Tree) -> str:
    tree.files["README.md"] += "mongodb://root:root@mongodb:27017\n"
    return "README.md"
