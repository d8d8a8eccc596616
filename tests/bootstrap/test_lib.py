"""Functions of bootstrap/lib by themselves."""

from __future__ import annotations

import os
import subprocess

from tests.conftest import ROOT


def _said(parts: str, script: str) -> str:
    """What functions of these parts say."""
    sources = "\n".join(f"source bootstrap/lib/{part}.sh" for part in parts.split())
    done = subprocess.run(
        ["bash", "-euc", f"{sources}\n{script}"],
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


def test_a_dry_run_waits_for_nothing_where_nothing_would_change():
    script = "set_option dry-run yes; await 'it is there' false; "
    assert _said("report", script) == "skipped: nothing to wait for, such as: it is there\n"
    changed = script + "change 'make it' false; await 'it is there' false"
    assert _said("report", changed).splitlines()[1:] == ["would: make it", "would: wait until it is there"]


def test_a_setting_that_is_not_in_force_is_named(tmp_path):
    """The kernel has one of three as they should be; a range comes with a tab."""
    path = tmp_path / "90.conf"
    path.write_text("a.one = 1\na.two = 2\na.range = 1 9\n")
    script = (
        "sysctl() { case $2 in a.one) echo 1 ;; a.two) echo 7 ;; *) printf '1\\t9' ;; esac; }\n"
        "set_option dry-run yes\n"
        f"write_sysctl {path} \"$(<{path})\"$'\\n'"
    )
    path.chmod(0o644)
    said = _said("report owed files services kernel", script).splitlines()
    assert said == [f"skipped: {path} is as it should be", f"would: apply {path}: a.two is 7"]


def test_a_process_runs_since_before_its_file_was_put_there(tmp_path):
    path = tmp_path / "file"
    path.touch()
    script = f"ps() {{ echo ' $AGE'; }}; runs_since_before 1 {path} && echo older || echo newer"
    for age, answer in (("100", "older"), ("0", "newer"), ("", "newer")):
        assert _said("report services", script.replace("$AGE", age)) == f"{answer}\n"
    # A file that keeps its old time of writing has got there now.
    os.utime(path, (0, 0))
    assert _said("report services", script.replace("$AGE", "100")) == "older\n"
    assert _said("report services", script.replace(str(path), f"{path}.gone").replace("$AGE", "100")) == "newer\n"


def test_a_kubelet_that_does_not_run_is_started_where_its_host_has_joined(tmp_path):
    script = f"KUBELET_CONF={tmp_path}/conf\nset_option dry-run yes\nsystemctl() {{ return $ACTIVE; }}\nstart_kubelet"
    assert _said("report services kubelet", script.replace("$ACTIVE", "1")) == ""
    (tmp_path / "conf").touch()
    assert _said("report services kubelet", script.replace("$ACTIVE", "1")) == "would: start service kubelet\n"
    assert _said("report services kubelet", script.replace("$ACTIVE", "0")) == "skipped: service kubelet is running\n"


def test_the_settings_of_argocd_are_compared_by_kubectl_alone(tmp_path):
    """One that is there and alike, one that differs, none."""
    (tmp_path / "argocd").mkdir()
    (tmp_path / "argocd" / "argocd-cm.yml").write_text("data: {}\n")
    script = f"""
    set_option dry-run yes
    compiled() {{ echo {tmp_path}; }}
    cluster_known() {{ [[ -n $THERE ]]; }}
    argocd_kube() {{ [[ $1 == get ]] && echo 'kind: ConfigMap'; }}
    kubectl() {{ [[ $1 == patch && $2 == --local ]] && echo "configmap/argocd-cm patched$SAID"; }}
    configure_argocd
    """
    for there, answer, words in (
        ("yes", "' (no change)'", "skipped: argocd-cm has its keys"),
        ("yes", "''", "would: set the keys of argocd-cm"),
        ("''", "''", "would: set the keys of argocd-cm"),
    ):
        variables = f"THERE={there} SAID={answer}\nsource bootstrap/steps/argocd.sh\n"
        assert _said("report argocd", f"{variables}{script}") == f"{words}\n"
