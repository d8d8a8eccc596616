# shellcheck shell=bash
# effect: looks: a look into the repository; no change asks for one
#
# What a load balancer that follows finds in the repository, and what is known of its last look.

# The last look, for people and for `verify`; what Prometheus reads of it by this host's node-exporter.
readonly FOLLOW_STATE=/var/lib/dojot/follow.json
readonly FOLLOW_METRICS=/var/lib/dojot/metrics/follow.prom

# last_look KEY: what the last look has noted; nothing where there was none.
last_look() {
  sed -n "s/^  \"$1\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" -- "$FOLLOW_STATE" 2>/dev/null | sed 's/\\\(.\)/\1/g' || true
}

# note_look RESULT WORDS WANTED INSTALLED FOLLOWED REFUSED DUE: RESULT is installed, waiting, refused or unreachable. FOLLOWED
# is when this host last had what is wanted, in seconds since 1970; empty: never. REFUSED is 0 or 1, DUE names files.
note_look() {
  local revision
  columns "${FOLLOW[0]}" _ revision _
  write_file "$FOLLOW_STATE" 0644 "{
  \"result\": \"$1\",
  \"words\": \"$(in_json "$2")\",
  \"revision\": \"$revision\",
  \"wanted\": \"$3\",
  \"installed\": \"$4\",
  \"looked\": $(date +%s),
  \"followed\": ${5:-0},
  \"refused\": $6,
  \"step_due\": \"$(in_json "$7")\"
}
" >/dev/null
  write_file "$FOLLOW_METRICS" 0644 "# HELP dojot_balancer_followed_timestamp_seconds When the load balancer last had the commit that is wanted.
# TYPE dojot_balancer_followed_timestamp_seconds gauge
dojot_balancer_followed_timestamp_seconds ${5:-0}
# HELP dojot_balancer_commit_refused Whether the commit that is wanted is not installed because something is wrong with it.
# TYPE dojot_balancer_commit_refused gauge
dojot_balancer_commit_refused $6
# HELP dojot_balancer_step_due Whether that commit changes more of the host than haproxy.cfg.
# TYPE dojot_balancer_step_due gauge
dojot_balancer_step_due $([[ -z $7 ]] && printf 0 || printf 1)
" >/dev/null
}

# in_json TEXT: as it stands between quotes.
in_json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '%s' "${text//[[:cntrl:]]/ }"
}

# look_unreachable WHY: what was known of the commit stays so.
look_unreachable() {
  local refused
  refused=$(last_look refused)
  note_look unreachable "$1" "$(last_look wanted)" "$(installed_commit)" "$(last_look followed)" "${refused:-0}" \
    "$(last_look step_due)"
  fail "$1. The configuration stays as it is"
}

# look_refused COMMIT WHY [DUE]
look_refused() {
  note_look refused "${1:0:12} is not installed: $2" "$1" "$(installed_commit)" "$(last_look followed)" 1 "${3-}"
  fail "${1:0:12} is not installed: $2. The configuration stays as it is"
}

# look_waits COMMIT WHY [DUE]: the next look tries again.
look_waits() {
  note_look waiting "${1:0:12} waits: $2" "$1" "$(installed_commit)" "$(last_look followed)" 0 "${3-}"
  report skipped "${1:0:12} waits: $2"
  exit 0
}
