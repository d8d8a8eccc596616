"""Every broken inventory is refused in exactly the words that its first comment states.

# refused: KEY = VALUE: RULE. WAY OUT.      one line for each finding, in order
# at: LINE                                  where: this line of the fixture
# at: classes/NAME.yml: LINE                or of a class
# by: RULE, RULE                            the functions that say it, or shape
"""

from components.cluster.input.read import SHAPE
from components.cluster.rules import RULES
from tests.inventory.refusals import refusal_of
from tests.inventory.targets import fixtures


def test_refused(invalid, invalid_inventory, rendered, json_schema):
    refused, places = invalid.said["refused"], invalid.said["at"]
    assert len(refused) == len(places), "each `# refused:` needs its `# at:`"
    parameters, origin = rendered(invalid.name)
    assert json_schema.is_valid(parameters) is (invalid.said["by"] != [SHAPE]), "the JSON Schema has another opinion"
    refusal = refusal_of(parameters, origin)
    assert list(refusal.lines) == [
        f"{_place(invalid_inventory, invalid.name, at)}: {words}" for words, at in zip(refused, places, strict=True)
    ]
    assert ", ".join(sorted(refusal.rules)) == ", ".join(invalid.said["by"])


def _place(inventory, name, at):
    """`inventory/FILE.yml:LINE` of the line that `at` describes."""
    file, text = f"targets/{name}.yml", at
    if at.startswith("classes/"):
        file, _, text = at.partition(": ")
    lines = [
        number
        for number, line in enumerate((inventory / file).read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip() == text
    ]
    assert len(lines) == 1, f"{file}: {len(lines)} lines read {text!r}"
    return f"inventory/{file}:{lines[0]}"


def test_every_rule_is_broken_by_a_fixture():
    known = {rule.__name__ for rules in RULES.values() for rule in rules}
    named = {name for fixture in fixtures("invalid") for name in fixture.said["by"][0].split(", ")}
    assert known <= named <= known | {SHAPE}
