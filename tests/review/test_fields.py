"""What differs between two documents is all that differs: put into the one, it makes the other."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.review.fields import differing, same
from components.review.types import ABSENT, Field

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "a", "1"]))
NAMED = st.fixed_dictionaries({"name": st.sampled_from("abc")}, optional={"value": SCALARS, "port": st.integers(1, 2)})
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(NAMED, max_size=3),
        st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("xyz"), DOCUMENTS, max_size=3)


def put(document, field: Field):
    """The document with one field as it is after; lists of items with names are maps here."""
    if not field.path:
        return field.after
    document = copy.deepcopy(document)
    *way, last = field.path
    at = document
    for step in way:
        at = at[step]
    if last == "[]":
        if field.before is not ABSENT:
            del at[next(n for n, item in enumerate(at) if same(item, field.before))]
        if field.after is not ABSENT:
            at.append(field.after)
    elif field.after is ABSENT:
        del at[last]
    else:
        at[last] = field.after
    return document


@settings(max_examples=100, deadline=None)
@given(OBJECTS, OBJECTS)
def test_nothing_is_missed_and_nothing_is_made_up(before, after):
    assert bool(differing(before, after)) == (not same(before, after))
    assert differing(before, before) == ()


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("xyz"), st.one_of(SCALARS, st.dictionaries(st.sampled_from("xy"), SCALARS)), max_size=3
    ),
    st.dictionaries(
        st.sampled_from("xyz"), st.one_of(SCALARS, st.dictionaries(st.sampled_from("xy"), SCALARS)), max_size=3
    ),
)
def test_the_fields_make_the_one_document_of_the_other(before, after):
    made = before
    for field in differing(before, after):
        made = put(made, field)
    assert same(made, after)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}]},
            {"containers": [{"name": "a", "env": [{"name": "X", "value": "2"}, {"name": "Y", "value": "3"}]}]},
            ["containers[a].env[X].value", "containers[a].env[Y]"],
        ),
        # Without names: by port and protocol, TCP where none is said.
        (
            {"ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}]},
            {"ports": [{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "nodePort": 30000}]},
            ["ports[80/TCP].protocol", "ports[53/UDP].nodePort"],
        ),
        ({"mounts": [{"mountPath": "/a"}]}, {"mounts": [{"mountPath": "/b"}]}, ["mounts[/a]", "mounts[/b]"]),
        # Variables may refer to those before them.
        ({"env": [{"name": "a"}, {"name": "b"}]}, {"env": [{"name": "b"}, {"name": "a"}]}, ["env[order]"]),
        # Rules of a role have nothing that tells them apart.
        (
            {"rules": [{"verbs": ["get"]}, {"verbs": ["list"]}]},
            {"rules": [{"verbs": ["get"]}, {"verbs": ["watch"]}]},
            ["rules[]", "rules[]"],
        ),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}, ["args"]),
        # The API server knows the difference.
        ({"number": 1}, {"number": True}, ["number"]),
        ({"text": "1"}, {"text": 1}, ["text"]),
        ({"null": None}, {}, ["null"]),
    ],
)
def test_items_are_known_by_their_names(before, after, expected):
    assert [str(field) for field in differing(before, after)] == expected
