"""Breaks of tests/compiled/checks/bootstrap.py."""

from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT, parts
from tests.compiled.breaking import breaks
from tests.compiled.checks import bootstrap
from tests.compiled.tree import Tree

_INIT = EMBEDDED["KUBEADM_INIT"]


def _edit(tree: Tree, old: str, new: str) -> str:
    assert old in tree.files[SCRIPT], old
    tree.files[SCRIPT] = tree.files[SCRIPT].replace(old, new, 1)
    return ""


def _some_part() -> tuple[str, str]:
    return max(parts().items(), key=lambda part: len(part[1]))


@breaks(bootstrap.the_script_is_values_and_parts, "is not in it as it stands")
def a_part_with_another_line(tree: Tree) -> str:
    name, text = _some_part()
    return _edit(tree, text, text[:-1] + " \n") or name


@breaks(bootstrap.the_script_is_values_and_parts, "is not in it as it stands")
def a_part_that_is_lost(tree: Tree) -> str:
    name, text = _some_part()
    return _edit(tree, text, "") or name


@breaks(bootstrap.the_script_is_values_and_parts, "is not in it as it stands")
def a_part_twice(tree: Tree) -> str:
    name, text = _some_part()
    return _edit(tree, text, text + text) or name


@breaks(bootstrap.the_script_is_values_and_parts, "is neither a value nor a part")
def a_command_between_the_values(tree: Tree) -> str:
    return _edit(tree, "\nreadonly NODES=", "\nrm -rf /nowhere\nreadonly NODES=")


@breaks(bootstrap.the_script_is_values_and_parts, "is neither a value nor a part")
def a_value_that_bash_would_run(tree: Tree) -> str:
    return _edit(tree, f"\nreadonly CLUSTER_NAME={tree.parameters['cluster']['name']}", "\nreadonly CLUSTER_NAME=$(id)")


@breaks(bootstrap.the_script_is_values_and_parts, "is neither a value nor a part")
def a_row_in_two_words(tree: Tree) -> str:
    return _edit(tree, "\n  ca-certificates\n", "\n  ca certificates\n")


@breaks(bootstrap.the_script_is_values_and_parts, "does not begin with")
def errors_that_end_nothing(tree: Tree) -> str:
    return _edit(tree, "\nset -euo pipefail\n", "\n")


@breaks(bootstrap.the_script_is_values_and_parts, "does not begin with")
def errors_that_end_nothing_at_first(tree: Tree) -> str:
    _, text = _some_part()
    return _edit(tree, "\nset -euo pipefail\n", "\n") + _edit(tree, text, "set -euo pipefail\n" + text)


@breaks(bootstrap.the_script_is_values_and_parts, "is stated twice")
def a_value_twice(tree: Tree) -> str:
    return _edit(tree, "\nreadonly NODES=(", "\nreadonly CLUSTER_NAME=other\nreadonly NODES=(") or "CLUSTER_NAME"


@breaks(bootstrap.the_script_is_values_and_parts, "can be changed")
def a_text_that_is_not_read_only(tree: Tree) -> str:
    return _edit(tree, "\nreadonly SYSCTL_CONF\n", "\n") or "SYSCTL_CONF"


@breaks(bootstrap.values_are_those_of_the_inventory, ": JOIN_TOKEN_TTL: is '30mx'")
def another_value(tree: Tree) -> str:
    return _edit(tree, "JOIN_TOKEN_TTL=30m", "JOIN_TOKEN_TTL=30mx")


@breaks(bootstrap.values_are_those_of_the_inventory, "nobody asked for OTHER")
def a_table_that_nobody_asked_for(tree: Tree) -> str:
    return _edit(tree, "\nreadonly NODES=(", "\nreadonly OTHER=(\n)\nreadonly NODES=(")


@breaks(bootstrap.values_are_those_of_the_inventory, ": NODES lacks ")
def another_role(tree: Tree) -> str:
    (name,) = (key for key, node in tree.parameters["cluster"]["nodes"].items() if node["group"] == "control-plane")
    return _edit(tree, "|control-plane|", "|worker|") or name


@breaks(bootstrap.values_are_those_of_the_inventory, ": nobody asked for other")
def a_package_that_nobody_asked_for(tree: Tree) -> str:
    return _edit(tree, "\n  ca-certificates\n", "\n  ca-certificates\n  other\n") or "OS_PACKAGES"


@breaks(bootstrap.people_review_what_the_script_carries, f"{_INIT}: is not KUBEADM_INIT")
def people_review_something_else(tree: Tree) -> str:
    tree.files[_INIT] += "---\n"
    return ""


@breaks(bootstrap.people_review_what_the_script_carries, "nothing carries it")
def a_file_beside_the_script(tree: Tree) -> str:
    tree.files["bootstrap/other.yml"] = "a: b\n"
    return "bootstrap/other.yml"


@breaks(bootstrap.the_script_is_values_and_parts, "does not end with")
def a_script_that_never_begins(tree: Tree) -> str:
    return _edit(tree, '\nmain "$@"\n', "\n")


@breaks(bootstrap.steps_are_those_of_the_heads, "is not what a head says")
def a_step_with_another_help(tree: Tree) -> str:
    return _edit(tree, "'plan|which command", "'plan|whose command")


@breaks(bootstrap.steps_are_those_of_the_heads, "STEPS lacks plan")
def a_step_that_is_lost(tree: Tree) -> str:
    return _edit(tree, "'plan|", "'plain|")


@breaks(bootstrap.steps_are_those_of_the_heads, "stands before")
def a_step_before_its_time(tree: Tree) -> str:
    lines = tree.files[SCRIPT].splitlines(keepends=True)
    first = lines.index("readonly STEPS=(\n") + 1
    last = lines.index(")\n", first)
    lines[first:last] = reversed(lines[first:last])
    tree.files[SCRIPT] = "".join(lines)
    return "plan"


@breaks(bootstrap.steps_are_those_of_the_heads, "STEP_OPTIONS")
def an_option_with_another_default(tree: Tree) -> str:
    return _edit(tree, "|/run/dojot-join|", "|/run/other|")


@breaks(bootstrap.values_are_those_of_the_inventory, "HAPROXY_CONFIG_END")
def a_configuration_with_another_end(tree: Tree) -> str:
    tree.files["haproxy/haproxy.cfg"] += "# The end.\n"
    return SCRIPT
