"""The JSON Schema says what the models say, and every file of the inventory tells editors where it is."""

from __future__ import annotations

import os

import pytest
import yaml
from jsonschema import Draft202012Validator

from components.cluster.input.json_schema import files_schema, parameters_schema
from components.cluster.input.meanings import meanings, models
from tests.conftest import ROOT
from tests.inventory.json_schema import Validator

INVENTORY = ROOT / "inventory"
FILES = sorted(path for part in ("targets", "classes") for path in (INVENTORY / part).rglob("*.yml"))


@pytest.fixture(scope="module")
def relaxed():
    for schema in (parameters_schema(), files_schema()):
        Draft202012Validator.check_schema(schema)
    return Validator(files_schema())


def test_every_file_of_the_inventory_fits(relaxed):
    wrong = {path: error.message for path in FILES for error in relaxed.iter_errors(yaml.safe_load(path.read_text()))}
    assert wrong == {}


@pytest.mark.parametrize(
    "text",
    [
        "parameters: {cluster: {naem: a}}",
        "parameters: {scale: {devices: many}}",
        "parameters: {services: {kong: {ports: {http: {number: 0}}}}}",
        "parametres: {}",
        "classes: cluster",
    ],
)
def test_editors_are_told(relaxed, text):
    assert not relaxed.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "parameters: {scale: {devices: '${other:number}'}}",
        "parameters: {cluster: {nodes: {~a: {group: b}}}}",
        "parameters: {~services: {kong: {ports: {http: '${a:b}'}}}}",
        "classes: [a]\nparameters: {kapitan: {compile: []}}",
    ],
)
def test_what_reclass_reads_is_left_alone(relaxed, text):
    assert [error.message for error in relaxed.iter_errors(yaml.safe_load(text))] == []


def test_editors_find_it():
    for path in FILES:
        wanted = f"# yaml-language-server: $schema={os.path.relpath(INVENTORY / 'schema.json', path.parent)}"
        assert path.read_text("utf-8").splitlines()[0] == wanted, path


def test_every_key_has_a_meaning():
    """But the alerts, whose meanings are their descriptions."""
    said = meanings()
    silent = {
        f"{model.__name__}.{name}"
        for model in models()
        for name, field in model.model_fields.items()
        if (field.alias or name) not in said[model.__name__] and model.__name__ != "Alerts"
    }
    assert silent == set()
