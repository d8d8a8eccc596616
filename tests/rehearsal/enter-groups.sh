#!/usr/bin/env bash
# enter-groups.sh GROUP... -- COMMAND...: run the command in these control groups, as what unshare --cgroup takes for
# the root of each hierarchy.
set -euo pipefail

while [[ $1 != -- ]]; do
  echo $$ >"$1/cgroup.procs"
  shift
done
shift
exec "$@"
