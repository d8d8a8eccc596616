# shellcheck shell=bash
# effect: nothing: updates leave these services running
#
# needrestart restarts services whose libraries an update has replaced, unattended updates too.

# leave_running SERVICE...: it leaves these alone. NEEDRESTART_FOLDER is empty for a system without it.
leave_running() {
  local service text=$'# Written by bootstrap.sh: whoever restarts these services chooses the hour.\n'
  [[ -n $NEEDRESTART_FOLDER ]] || return 0
  for service in $(printf '%s\n' "$@" | sort --unique); do
    text+="\$nrconf{override_rc}{qr(^${service//./\\.}\\.service\$)} = 0;"$'\n'
  done
  write_file "$NEEDRESTART_FOLDER/dojot.conf" 0644 "$text"
}
