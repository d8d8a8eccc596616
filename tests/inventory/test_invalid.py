"""Every broken inventory is refused in exactly the words that its first comment states.

    # refused: KEY = VALUE: RULE. WAY OUT.      one line for each finding, in order
    # at: LINE                                  where: this line of the fixture
    # at: classes/NAME.yml: LINE                or of a class
"""

from components.cluster import references, rules


def test_refused(invalid, invalid_inventory, refusals):
    refused, places = invalid.said["refused"], invalid.said["at"]
    assert len(refused) == len(places), "each `# refused:` needs its `# at:`"
    assert list(refusals[invalid.name].lines) == [
        f"{_place(invalid_inventory, invalid.name, at)}: {words}"
        for words, at in zip(refused, places, strict=True)
    ]


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


def test_every_rule_is_broken_by_a_fixture(refusals):
    known = {rule.__name__ for rule in (*references.CHECKS, *rules.STRUCTURE, *rules.CAPACITY)}
    assert known - {name for refusal in refusals.values() for name in refusal.rules} == set()
