"""Text that Kubernetes reads as the type that was meant."""

import pytest
import yaml

from components.render import AMBIGUOUS, yaml_documents


@pytest.mark.parametrize("text", ["y", "N", "on", "1e3", "12345678e12345", "0x1F", "1:30", "1_000", "1.5", "null"])
def test_text_that_looks_like_something_else_is_quoted(text):
    assert yaml_documents([{"value": text}]) == f"value: '{text}'\n"


@pytest.mark.parametrize("text", ["yes-man", "500m", "2Gi", "192.168.0.1", "dojot/kong:v0.6.0", "-c"])
def test_other_text_stays_plain(text):
    assert yaml_documents([{"value": text}]) == f"value: {text}\n"


def test_lines_are_literal_and_shared_parts_written_twice():
    shared = {"a": "b\nc\n"}
    assert yaml_documents([{"x": shared, "y": shared}]) == "x:\n  a: |\n    b\n    c\n'y':\n  a: |\n    b\n    c\n"


def test_no_compiled_file_has_an_ambiguous_scalar(compiled):
    for path in sorted(compiled.rglob("*.yml")):
        for token in yaml.scan(path.read_text("utf-8"), Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.ScalarToken) and token.plain and AMBIGUOUS.fullmatch(token.value):
                # A number that was meant as one is written as PyYAML writes it.
                assert token.value == str(yaml.safe_load(token.value)), f"{path}: {token.start_mark}"
                assert isinstance(yaml.safe_load(token.value), int), f"{path}: {token.start_mark}"
