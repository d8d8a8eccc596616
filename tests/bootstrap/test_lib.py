"""Functions of bootstrap/lib by themselves."""

from __future__ import annotations

import subprocess

from tests.conftest import ROOT


def _said(part: str, script: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", f"source bootstrap/lib/{part}.sh\n{script}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_last_column_takes_the_rest():
    assert _said("tables", 'columns \'a||c d|e\' x y z; printf \'<%s>\' "$x" "$y" "$z"') == "<a><><c d|e>"
    assert _said("tables", "columns '' x y; printf '<%s>' \"$x\" \"$y\"") == "<><>"


def test_rows_have_the_whole_first_column():
    rows = "'a|1' 'ab|2' 'b|a|3' 'a|*|x y'"
    assert _said("tables", f"rows a {rows}; echo; rows '*' {rows}; rows none {rows}; rows a") == "a|1\na|*|x y\n\n"


def test_a_template_is_one_line():
    text = '\n{{range .items}}\n  {{.name}} of @LABEL@|\n    {{println "a  b" "\\\\"}}\n{{end}}\n'
    joined = '{{range .items}}{{.name}} of x/y&\\1|{{println "a  b" "\\\\"}}{{end}}'
    assert _said("templates", f"template '{text}' LABEL 'x/y&\\1' OTHER z") == joined


def test_words_that_belong_together_stay_so():
    script = 'for i in {1..9}; do echo "machine-$i (192.168.0.$i)"; done | wrapped 60'
    lines = _said("command-line", script).splitlines()
    assert len(lines) == 9 and all(line.startswith(" " * 60) for line in lines[1:])
    assert [line.strip() for line in lines] == [f"machine-{i} (192.168.0.{i})" for i in range(1, 10)]
