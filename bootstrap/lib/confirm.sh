# shellcheck shell=bash
# option: --yes CLUSTER: the cluster's name, which is asked for otherwise
# option: --force: do what costs devices their sessions or their way in, or pods their node, which the step otherwise refuses
# effect: looks: a person is asked
#
# What cannot be taken back, a person has to want.

# need_force WHY: refuse, unless --force is given.
need_force() {
  [[ -n $(option force) ]] || refuse "$1. Nothing was changed; --force does it all the same"
}

# need_word WHAT: a person says that this is the cluster, and that WHAT may happen.
need_word() {
  local given
  given=$(option yes)
  if [[ -z $given ]] && ! dry_run; then
    printf '%s\nIf so, type the name of the cluster:\n' "$1" >&2
    read -r given || true
  fi
  [[ $given == "$CLUSTER_NAME" ]] || dry_run ||
    fail "the name of the cluster is $CLUSTER_NAME, not ${given:-empty}: nothing was changed"
}
