"""What is not known of images is told, in one line a cluster, and refuses nothing."""

from tests.compile.conftest import CLUSTER, append, target

NOTE = f"note: {CLUSTER}: what these images need is not known, so whether they get it is not judged: "
IMAGES = """\
  release:
    images:
      zookeeper: registry.example.org/cp/zookeeper:1.0
"""


def test_images_with_contracts_are_not_named(run):
    code, _, err = run()
    assert code == 0 and "note: " not in err


def test_another_image(run, inventory):
    append(target(inventory, CLUSTER), IMAGES)
    code, _, err = run()
    assert code == 0 and err.count("note: ") == 1
    assert f"{NOTE}registry.example.org/cp/zookeeper:1.0 (zookeeper). How to say it: docs/contracts.md" in err
    assert "note: " not in run()[2], "nothing is compiled, so nothing is said"


def test_another_tag(run, inventory):
    append(target(inventory, CLUSTER), IMAGES.replace("cp/zookeeper:1.0", "confluentinc/cp-zookeeper:6.0.0"))
    assert f"{NOTE}registry.example.org/confluentinc/cp-zookeeper:6.0.0 (zookeeper)." in run()[2]


def test_a_contract_of_ones_own(run, inventory):
    """With it, the image is judged as any other; a compile takes notice of a changed contract."""
    append(target(inventory, CLUSTER), IMAGES)
    run()
    own = inventory / "contracts" / "cp" / "zookeeper.yml"
    own.parent.mkdir()
    own.write_text("tags: ['1.0']\nlike: confluentinc/cp-zookeeper\nsource: ours@1.0\n")
    assert "note: " not in run()[2]
    own.write_text(own.read_text() + "variables: {ours: {ZOOKEEPER_COLOUR: {required: true}}}\n")
    code, _, err = run()
    assert code == 1 and "zookeeper:1.0 does not start without the variable ZOOKEEPER_COLOUR" in err


def test_a_contract_that_is_wrong(run, inventory):
    contract = inventory / "contracts" / "confluentinc" / "cp-zookeeper.yml"
    text = contract.read_text()
    for wrong, said in (
        ("writing: []\n", "writing = []: unknown key. Did you mean writes?"),
        ("like: _jvaa\n", "like = _jvaa: there is no such file among the contracts. Did you mean _java?"),
        ("starts_within: soon\n", "starts_within = soon: this value does not fit. Write a whole number of at least 1"),
        ("\tsignals: {}\n", "not valid YAML"),
        ("unread: nobody has it\n", "either source or unread says where this is from"),
    ):
        key = wrong.partition(":")[0]
        lines = [line for line in text.splitlines() if not line.startswith(f"{key}:")]
        contract.write_text("\n".join([*lines, wrong]))
        code, _, err = run()
        assert code == 1 and said in err and "inventory/contracts/confluentinc/cp-zookeeper.yml" in err, err
    contract.write_text(text.replace("like: _java", "like: _system") + "\n")
    loop = inventory / "contracts" / "_system.yml"
    loop.write_text("like: _java\n")
    assert "_system" in run()[2]
