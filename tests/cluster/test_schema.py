"""The schema itself: closed everywhere, and with words for every refusal."""

import pickle

import pytest
from jsonschema import Draft202012Validator

from components.cluster import schema
from components.cluster.keywords import InventoryValidator
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
        path
        for path, shape in ALL
        if "description" not in shape
        and limits & shape.keys()
        and ".anyOf" not in path
        and shape.get("type") not in ("object", "array")
    ]
    assert silent == []


def test_words_begin_in_the_middle_of_a_sentence():
    """They follow "Write ..." and are followed by a full stop."""
    words = {shape["description"] for _, shape in ALL if "description" in shape}
    assert [text for text in words if text.endswith(".") or "\n" in text] == []


def _said(parameters, shape):
    found = verdicts(InventoryValidator(shape).iter_errors(parameters), parameters)
    return [finding.text(lambda path: "f") for finding in found]


MAP = {
    "type": "object",
    "additionalProperties": False,
    "required": ["address", "group"],
    "properties": {"address": {"type": "string", "description": "an address"}, "group": {"type": "string"}},
}
MAPS = {"type": "object", "additionalProperties": MAP}


@pytest.mark.parametrize(
    ("parameters", "shape", "said"),
    [
        (
            {"address": "a", "group": "g", "colour": 1},
            MAP,
            ["f: colour = 1: unknown key. Remove it, or use one of: address, group."],
        ),
        ({"adress": "a", "group": "g"}, MAP, ["f: adress = a: unknown key. Did you mean address?"]),
        ({"group": "g"}, MAP, ["f: address: this key is missing. Add it: an address."]),
        ({"address": "a"}, MAP, ["f: group: this key is missing. Add it: a text."]),
        ({}, MAP, ["f: (top level): the keys address and group are missing. Add them."]),
        (
            {"kafka": {"address": "a", "group": "g"}, "kakfa": {}},
            MAPS,
            ["f: kakfa: the keys address and group are missing. Did you mean kafka?"],
        ),
        (
            {"verne-1": {"address": "a", "group": "g"}, "verne-2": {}},
            MAPS,
            ["f: verne-2: the keys address and group are missing. Add them."],
        ),
        ({"address": None, "group": "g"}, MAP, ["f: address: this key has no value. Write an address."]),
        (
            {"x": 1},
            {"type": "object", "additionalProperties": MAP},
            ["f: x = 1: this value does not fit. Write a map with the keys address and group."],
        ),
        (
            {"x": 1},
            {"properties": {"x": {"type": "array"}}},
            ["f: x = 1: this value does not fit. Write a list: one line `- value` for each entry."],
        ),
        (
            {"x": 1},
            {"properties": {"x": {"enum": ["a", "b"]}}},
            ["f: x = 1: this value does not fit. Write one of: a, b."],
        ),
        (
            {"X": 1},
            {"propertyNames": {"pattern": "^[a-z]+$", "description": "lower-case letters"}},
            ["f: X: this is not a valid name here. Write lower-case letters."],
        ),
        # Of several alternatives, the one that shares a key with what is written.
        (
            {"v": {"secert": "s", "key": "k"}},
            {
                "properties": {
                    "v": {
                        "anyOf": [
                            {"type": "string"},
                            {"type": "object", "additionalProperties": False, "properties": {"field": {}}},
                            {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {"secret": {}, "key": {}},
                                "required": ["secret", "key"],
                            },
                        ],
                        "description": "a value",
                    }
                }
            },
            ["f: v.secert = s: unknown key. Did you mean secret?"],
        ),
        (
            {"v": {"colour": 1}},
            {
                "properties": {
                    "v": {
                        "anyOf": [
                            {"type": "string"},
                            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
                        ],
                        "description": "a value",
                    }
                }
            },
            ["f: v = {colour: 1}: this value does not fit. Write a value."],
        ),
    ],
)
def test_verdicts(parameters, shape, said):
    assert _said(parameters, shape) == said


def test_findings_do_not_change_the_parameters():
    parameters = {"cluster": {"naem": 1}}
    before = pickle.dumps(parameters)
    assert schema.findings(parameters)
    assert pickle.dumps(parameters) == before


_LINE, _LINES = {"type": "string", "description": "a text"}, {"type": "string", "lines": True}
_END = "this text ends with a line break. Take it out, or write |- in place of |."
_UNSEEN = "this text holds a character that nobody sees. Take it out."


@pytest.mark.parametrize(
    ("text", "shape", "said"),
    [
        ("a b \u00e9", _LINE, []),
        ("a\n", {**_LINE, "pattern": "^[a-z]$"}, [f'f: v = "a\\n": {_END}']),
        ("a\n", _LINES, [f'f: v = "a\\n": {_END}']),
        ("a\nb", {**_LINE, "pattern": "^[a-z]$"}, ['f: v = "a\\nb": this text has several lines. Write it on one.']),
        ("a\n\tb", _LINES, []),
        ("a\tb", _LINE, [f'f: v = "a\\tb": {_UNSEEN}']),
        ("a\r\nb", _LINES, [f'f: v = "a\\r\\nb": {_UNSEEN}']),
        ("a\x00", _LINES, [f'f: v = "a\\u0000": {_UNSEEN}']),
        ("a\u2028b", _LINE, [f'f: v = "a\\u2028b": {_UNSEEN}']),
    ],
)
def test_lines(text, shape, said):
    assert _said({"v": text}, {"properties": {"v": shape}}) == said


@pytest.mark.parametrize(
    ("value", "written", "shape", "said"),
    [
        (
            100.0,
            "100.000",
            _PORT := {"type": "integer", "minimum": 1, "maximum": 100_000, "description": "a number"},
            "100.000: this is the decimal number 100.0. Write 100000, or 100.",
        ),
        (100000.0, "1e5", _PORT, "1e5: this is the decimal number 100000.0. Write 100000."),
        (1.5, "1.500", _PORT, "1.500: this is the decimal number 1.5. Write 1500."),
        # Out of range either way.
        (200.0, "200.000", {**_PORT, "maximum": 100}, "200.000: this value does not fit. Write a number."),
        (1.5, "1.5", _PORT, "1.5: this value does not fit. Write a number."),
        (
            1.1,
            "1.10",
            {"anyOf": [{"type": ["string", "integer"]}, {"type": "object"}], "description": "a value"},
            "1.10: this is the decimal number 1.1. Write '1.10' with its quotes.",
        ),
        (
            1000.0,
            "1e3",
            {"type": ["string", "integer"]},
            "1e3: this is the decimal number 1000.0. Write 1000, or '1e3' with its quotes.",
        ),
        (
            1.1,
            "1.1",
            {"type": "string", "pattern": "^v", "description": "a release"},
            "1.1: this value does not fit. Write a release.",
        ),
        (
            float("inf"),
            ".inf",
            {"type": "number", "description": "a number"},
            ".inf: this value does not fit. Write a number.",
        ),
    ],
)
def test_numbers_are_shown_as_written(value, written, shape, said):
    shape = {"properties": {"v": shape}}
    found = verdicts(InventoryValidator(shape).iter_errors({"v": value}), {"v": value}, lambda path: written)
    assert {finding.text(lambda path: "f") for finding in found} == {f"f: v = {said}"}
