"""The schema itself: closed everywhere, and with words for every refusal."""

import pickle

import pytest
from jsonschema import Draft202012Validator

from components.cluster import schema
from components.cluster.verdicts import verdicts


def _shapes(node, path=""):
    """Every schema inside the schema, with its path."""
    if not isinstance(node, dict):
        return
    yield path or "(top)", node
    for keyword in ("properties",):
        for name, inner in node.get(keyword, {}).items():
            yield from _shapes(inner, f"{path}.{name}")
    for keyword in ("additionalProperties", "items", "propertyNames"):
        yield from _shapes(node.get(keyword), f"{path}.{keyword}")
    for number, inner in enumerate(node.get("anyOf", ())):
        yield from _shapes(inner, f"{path}.anyOf{number}")


ALL = list(_shapes(schema._validator().schema))


def test_it_is_a_schema():
    Draft202012Validator.check_schema(schema._validator().schema)
    assert not any("$ref" in shape for _, shape in ALL)


def test_every_map_says_what_it_may_hold():
    """Unknown keys are refused everywhere, except in maps handed to another program as they are."""
    open_maps = {path for path, shape in ALL if shape.get("type") == "object" and "additionalProperties" not in shape}
    assert {path.rpartition(".")[0].rpartition(".")[2] for path in open_maps} <= {"plugins", "authentication"}


def test_every_value_has_words():
    """What a value must be is said in a description, not in the words of a validator."""
    limits = {"pattern", "minimum", "maximum", "enum", "minLength", "minItems", "minProperties"}
    silent = [
        path for path, shape in ALL
        if "description" not in shape and limits & shape.keys() and ".anyOf" not in path
        and shape.get("type") not in ("object", "array")
    ]
    assert silent == []


def test_words_begin_in_the_middle_of_a_sentence():
    """They follow "Write ..." and are followed by a full stop."""
    words = {shape["description"] for _, shape in ALL if "description" in shape}
    assert [text for text in words if text.endswith(".") or "\n" in text] == []


def _said(parameters, shape):
    found = verdicts(Draft202012Validator(shape).iter_errors(parameters), parameters)
    return [finding.text(lambda path: "f") for finding in found]


MAP = {
    "type": "object", "additionalProperties": False, "required": ["address", "group"],
    "properties": {"address": {"type": "string", "description": "an address"}, "group": {"type": "string"}},
}
MAPS = {"type": "object", "additionalProperties": MAP}


@pytest.mark.parametrize(
    ("parameters", "shape", "said"),
    [
        ({"address": "a", "group": "g", "colour": 1}, MAP,
         ["f: colour = 1: unknown key. Remove it, or use one of: address, group."]),
        ({"adress": "a", "group": "g"}, MAP, ["f: adress = a: unknown key. Did you mean address?"]),
        ({"group": "g"}, MAP, ["f: address: this key is missing. Add it: an address."]),
        ({"address": "a"}, MAP, ["f: group: this key is missing. Add it: a text."]),
        ({}, MAP, ["f: (top level): the keys address and group are missing. Add them."]),
        ({"kafka": {"address": "a", "group": "g"}, "kakfa": {}}, MAPS,
         ["f: kakfa: the keys address and group are missing. Did you mean kafka?"]),
        ({"verne-1": {"address": "a", "group": "g"}, "verne-2": {}}, MAPS,
         ["f: verne-2: the keys address and group are missing. Add them."]),
        ({"address": None, "group": "g"}, MAP, ["f: address: this key has no value. Write an address."]),
        ({"x": 1}, {"type": "object", "additionalProperties": MAP},
         ["f: x = 1: this value does not fit. Write a map with the keys address and group."]),
        ({"x": 1}, {"properties": {"x": {"type": "array"}}},
         ["f: x = 1: this value does not fit. Write a list: one line `- value` for each entry."]),
        ({"x": 1}, {"properties": {"x": {"enum": ["a", "b"]}}},
         ["f: x = 1: this value does not fit. Write one of: a, b."]),
        ({"X": 1}, {"propertyNames": {"pattern": "^[a-z]+$", "description": "lower-case letters"}},
         ["f: X: this is not a valid name here. Write lower-case letters."]),
        # Of several alternatives, the one that shares a key with what is written.
        ({"v": {"secert": "s", "key": "k"}},
         {"properties": {"v": {"anyOf": [
             {"type": "string"},
             {"type": "object", "additionalProperties": False, "properties": {"field": {}}},
             {"type": "object", "additionalProperties": False, "properties": {"secret": {}, "key": {}},
              "required": ["secret", "key"]},
         ], "description": "a value"}}},
         ["f: v.secert = s: unknown key. Did you mean secret?"]),
        ({"v": {"colour": 1}},
         {"properties": {"v": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"a": {}},
                                                               "additionalProperties": False}],
                               "description": "a value"}}},
         ["f: v = {colour: 1}: this value does not fit. Write a value."]),
    ],
)
def test_verdicts(parameters, shape, said):
    assert _said(parameters, shape) == said


def test_findings_do_not_change_the_parameters():
    parameters = {"cluster": {"naem": 1}}
    before = pickle.dumps(parameters)
    assert schema.findings(parameters)
    assert pickle.dumps(parameters) == before
