#!/usr/bin/env bash
# The archives from which this machine takes its own system, as lines of sources.list: whatever
# mirror is configured here serves the virtual machine too. Archives of others (a vendor's
# repository) are left out. Usage: apt-sources.sh
set -euo pipefail

system=$(sed -n 's/^ID=//p' /etc/os-release)
apt-get indextargets --format "deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' "Origin: ${system^}" |
  sort -u | grep . || {
  printf '%s\n' "apt-sources.sh: apt knows no archive of $system here (apt-get update?)" >&2
  exit 1
}
