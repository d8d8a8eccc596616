"""A review as JSON, both ways against its schema: all that is made fits it, and what was changed by hand does not."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from components.review.forms import json_form
from tests.conftest import ROOT
from tests.review.forms.reviews import SHAPES, reviews

SCHEMA = json.loads((ROOT / "docs" / "review.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def _strictly(text: str):
    """NaN and Infinity are no JSON, though Python reads them."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(reviews)
def test_whatever_is_made_fits_the_schema(found):
    text = json_form.text(found)
    assert text.isascii()
    VALIDATOR.validate(_strictly(text))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", SHAPES)
def test_keys_are_sorted_and_the_same_review_is_the_same_text(name):
    text = json_form.text(SHAPES[name])
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n" == json_form.text(SHAPES[name])


def test_what_a_program_reads():
    found = json.loads(json_form.text(SHAPES["one"]))
    assert (found["version"], found["level"], found["base"], found["others"]) == (
        1,
        "danger",
        "origin/main",
        ["dojot-lab"],
    )
    cluster = found["clusters"][0]
    assert (cluster["name"], cluster["how"], cluster["level"]) == ("dojot-100k", "changed", "danger")
    assert [each["how"] for each in cluster["objects"]] == ["added", "changed", "removed"]
    assert cluster["verdicts"][1]["level"] == "danger" and cluster["verdicts"][1]["accepted"] is False
    assert cluster["steps"][0]["before_merge"] is True


def test_no_value_is_another_thing_than_null():
    fields = json.loads(json_form.text(SHAPES["one"]))["clusters"][0]["objects"][1]["fields"]
    assert fields[1] == {"path": ["spec", "paused"], "after": None}
    assert fields[2] == {"path": ["spec", "ports", "[9092/TCP]", "name"], "before": "client"}


def _places(value, path=()):
    """Every place of a document."""
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*path, key))


def _broken():
    """Documents that are each wrong in one place: a key that is missing, one too many, a value of another kind."""
    whole = json.loads(json_form.text(SHAPES["refused"])) | {
        "clusters": json.loads(json_form.text(SHAPES["one"]))["clusters"]
    }
    free = ("before", "after")
    for path in _places(whole):
        # What manifests say may be anything, and sides of a field may be missing.
        if not path or any(key in free for key in path):
            continue
        for how in ("gone", "wrong"):
            document = copy.deepcopy(whole)
            inner = document
            for key in path[:-1]:
                inner = inner[key]
            if how == "wrong":
                inner[path[-1]] = {"no": "such"}
            elif isinstance(inner, dict):
                del inner[path[-1]]
            else:
                continue
            yield f"{how}: {'.'.join(map(str, path))}", document


def test_what_is_wrong_in_one_place_does_not_fit():
    documents = dict(_broken())
    assert len(documents) > 100
    assert not [place for place, document in documents.items() if VALIDATOR.is_valid(document)]


def test_a_key_too_many_does_not_fit():
    found = json.loads(json_form.text(SHAPES["one"]))
    for inner in (found, found["clusters"][0], found["clusters"][0]["verdicts"][0]):
        inner["more"] = 1
        assert not VALIDATOR.is_valid(found)
        del inner["more"]
    VALIDATOR.validate(found)


def test_a_type_that_is_new_in_a_review_has_to_be_told_to_the_schema():
    with pytest.raises(TypeError, match="no JSON Schema is known for"):
        json_form._of(set[str], {})
