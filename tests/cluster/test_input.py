"""The door: closed everywhere, and with words for every refusal."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Discriminator, Tag, ValidationError

from components.cluster.input.entry import Entry, Map, Maybe, NoneTwice, Wanted
from components.cluster.input.read import read, refusals
from components.cluster.input.scalar import Scalar
from components.cluster.input.target import Inventory


def _models(model: type[Entry] = Entry) -> Iterator[type[Entry]]:
    for below in model.__subclasses__():
        if below.__module__.startswith("components."):
            yield below
            yield from _models(below)


MODELS = sorted(set(_models()), key=lambda model: model.__qualname__)


def test_unknown_keys_are_refused_everywhere():
    """But in a Secret, whose keys are judged one by one."""
    assert len(MODELS) > 60
    assert {model.__name__ for model in MODELS if model.model_config["extra"] != "forbid"} == {"SecretEntry"}


def test_nobody_changes_an_entry():
    assert all(model.model_config["frozen"] for model in MODELS)


def test_words_begin_in_the_middle_of_a_sentence():
    """They follow "Write ..." and are followed by a full stop."""
    words = {model.wanted for model in MODELS if model.wanted}
    assert len(words) > 20
    assert [text for text in words if text.endswith(".") or "\n" in text] == []


class Place(Entry):
    address: Annotated[str, Scalar("an address")]
    group: Annotated[str, Scalar("a text")]


class Secret(Entry):
    secret: str
    key: str


class Field(Entry):
    field: str


def _kind(value):
    if not isinstance(value, dict):
        return "<plain>"
    return next(
        (tag for tag, keys in (("<secret>", {"secret", "key"}), ("<field>", {"field"})) if keys & value.keys()), None
    )


Value = Annotated[
    Annotated[Annotated[str, Scalar("a value")], Tag("<plain>")]
    | Annotated[Secret, Tag("<secret>")]
    | Annotated[Field, Tag("<field>")],
    Discriminator(_kind),
    Wanted("a value"),
]


class Example(Entry):
    wanted: ClassVar = "an example"

    place: Maybe[Place] = None
    places: Maybe[Map[Annotated[str, Scalar("lower-case letters", pattern="[a-z0-9-]+")], Place]] = None
    many: Maybe[Annotated[tuple[Annotated[str, Scalar("a text")], ...], NoneTwice()]] = None
    kind: Maybe[Annotated[Literal["a", "b"], Scalar("one of: a, b")]] = None
    line: Maybe[Annotated[str, Scalar("a text")]] = None
    letter: Maybe[Annotated[str, Scalar("a letter", pattern="[a-z]")]] = None
    lines: Maybe[Annotated[str, Scalar("a text", lines=True)]] = None
    number: Maybe[Annotated[int, Scalar("a number", minimum=1, maximum=100_000)]] = None
    small: Maybe[Annotated[int, Scalar("a number", minimum=1, maximum=100)]] = None
    either: Maybe[Annotated[str | int, Scalar("a value")]] = None
    release: Maybe[Annotated[str, Scalar("a release", pattern="v.*")]] = None
    cores: Maybe[Annotated[str | int | float, Scalar("a number", pattern="[0-9]+m")]] = None


def _said(parameters, written=lambda path: None):
    try:
        Example.model_validate(parameters)
    except ValidationError as error:
        told = refusals(Example, error, parameters, written)
        return [finding.text(lambda path: "f").removesuffix(" [shape]").removeprefix("f: ") for finding in told]
    return []


GOOD = {"address": "a", "group": "g"}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"place": GOOD, "places": {"a": GOOD}, "many": ["a", "b"]}, []),
        (
            {"place": {**GOOD, "colour": 1}},
            ["place.colour = 1: unknown key. Remove it, or use one of: address, group."],
        ),
        ({"place": {"adress": "a", "group": "g"}}, ["place.adress = a: unknown key. Did you mean address?"]),
        ({"place": {"group": "g"}}, ["place.address: this key is missing. Add it: an address."]),
        ({"place": {}}, ["place: the keys address and group are missing. Add them."]),
        (
            {"places": {"kafka": GOOD, "kakfa": {}}},
            ["places.kakfa: the keys address and group are missing. Did you mean kafka?"],
        ),
        (
            {"places": {"verne-1": GOOD, "verne-2": {}}},
            ["places.verne-2: the keys address and group are missing. Add them."],
        ),
        ({"place": {"address": None, "group": "g"}}, ["place.address: this key has no value. Write an address."]),
        ({"kind": None}, ["kind: this key has no value. Write one of: a, b."]),
        (
            {"places": {"x": 1}},
            ["places.x = 1: this value does not fit. Write a map with the keys address and group."],
        ),
        ({"many": 1}, ["many = 1: this value does not fit. Write a list: one line `- value` for each entry."]),
        (
            {"many": ["a", "b", "a"]},
            [
                (
                    "many: a stands in this list twice: lists of all classes and of the target are one. "
                    "Keep one of the lines."
                )
            ],
        ),
        ({"kind": 1}, ["kind = 1: this value does not fit. Write one of: a, b."]),
        ({"places": {"X": GOOD}}, ["places.X: this is not a valid name here. Write lower-case letters."]),
    ],
)
def test_refusals(parameters, said):
    assert _said(parameters) == said


class Variables(Entry):
    v: Value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        # Of several alternatives, the one that shares a key with what is written.
        (
            {"secert": "s", "key": "k"},
            "f: v.secert = s: unknown key. Did you mean secret? [shape]",
        ),
        ({"colour": 1}, "f: v = {colour: 1}: this value does not fit. Write a value. [shape]"),
    ],
)
def test_alternatives(value, said):
    with pytest.raises(ValidationError) as refusal:
        Variables.model_validate({"v": value})
    told = refusals(Variables, refusal.value, {"v": value})
    assert [finding.text(lambda path: "f") for finding in told] == [said]


def test_findings_do_not_change_the_parameters():
    parameters = {"cluster": {"naem": 1}}
    before = pickle.dumps(parameters)
    assert not isinstance(read(parameters), Inventory)
    assert pickle.dumps(parameters) == before


_END = "this text ends with a line break. Take it out, or write |- in place of |."
_UNSEEN = "this text holds a character that nobody sees. Take it out."


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("a b \u00e9", "line", []),
        ("a\n", "letter", [f'letter = "a\\n": {_END}']),
        ("a\n", "lines", [f'lines = "a\\n": {_END}']),
        ("a\nb", "letter", ['letter = "a\\nb": this text has several lines. Write it on one.']),
        ("a\n\tb", "lines", []),
        ("a\tb", "line", [f'line = "a\\tb": {_UNSEEN}']),
        ("a\r\nb", "lines", [f'lines = "a\\r\\nb": {_UNSEEN}']),
        ("a\x00", "lines", [f'lines = "a\\u0000": {_UNSEEN}']),
        ("a\u2028b", "line", [f'line = "a\\u2028b": {_UNSEEN}']),
    ],
)
def test_lines(text, key, said):
    assert _said({key: text}) == said


@pytest.mark.parametrize(
    ("value", "written", "key", "said"),
    [
        (100.0, "100.000", "number", "this is the decimal number 100.0. Write 100000, or 100."),
        (100000.0, "1e5", "number", "this is the decimal number 100000.0. Write 100000."),
        (1.5, "1.500", "number", "this is the decimal number 1.5. Write 1500."),
        # Out of range either way.
        (200.0, "200.000", "small", "this value does not fit. Write a number."),
        (1.5, "1.5", "number", "this value does not fit. Write a number."),
        (1.1, "1.10", "either", "this is the decimal number 1.1. Write '1.10' with its quotes."),
        (1000.0, "1e3", "either", "this is the decimal number 1000.0. Write 1000, or '1e3' with its quotes."),
        (1.1, "1.1", "release", "this value does not fit. Write a release."),
        (float("inf"), ".inf", "cores", "this value does not fit. Write a number."),
    ],
)
def test_numbers_are_shown_as_written(value, written, key, said):
    assert _said({key: value}, lambda path: written) == [f"{key} = {written}: {said}"]


def test_a_switch_is_no_number():
    assert _said({"number": True}) == ["number = true: this value does not fit. Write a number."]
