#!/usr/bin/env bash
# The archives from which this machine takes its own system, as lines of sources.list: whatever
# mirror is configured here serves the virtual machine too. Archives of others (a vendor's
# repository) are left out. Usage: apt-sources.sh
set -euo pipefail

# shellcheck disable=SC1091 # the machine's own
origin=$(. /etc/os-release && printf '%s' "${ID^}")
# shellcheck disable=SC2016 # apt fills these in
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' "Origin: $origin" |
  sort -u | grep . || {
  printf '%s\n' "apt-sources.sh: apt knows no archive of $origin here (apt-get update?)" >&2
  exit 1
}
