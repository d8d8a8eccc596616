# shellcheck shell=bash
# The Secrets of the inventory. Each is named NAMESPACE/SECRET, as in the first column of SECRETS.

# secret_names provided|made: those that people bring, or those that this script makes, a line each.
secret_names() {
  local row secret kind previous=''
  for row in "${SECRETS[@]}"; do
    columns "$row" secret _ kind _
    [[ $secret != "$previous" ]] || continue
    previous=$secret
    [[ $kind == provided ]] || kind=made
    [[ $kind != "$1" ]] || printf '%s\n' "$secret"
  done
}

# wanted_keys SECRET: a line each.
wanted_keys() {
  rows "$1" "${SECRETS[@]}" | cut --delimiter='|' --fields=2
}

# missing_keys SECRET PRESENT: the wanted ones that are not in what secret_keys has said, a line each.
missing_keys() {
  local key
  for key in $(wanted_keys "$1"); do
    grep -qxF -- "key $key" <<<"$2" || printf '%s\n' "$key"
  done
}

# secret_keys SECRET: `secret`, then `key NAME` for each; nothing when it does not exist.
secret_keys() {
  kube --namespace="${1%%/*}" get secret "${1#*/}" --ignore-not-found \
    --output=go-template="{{println \"secret\"}}{{range \$key, \$value := .data}}{{println \"key\" \$key}}{{end}}"
}

# how_to_provide SECRET: the command that creates it, with each key from a file.
how_to_provide() {
  local key keys=''
  for key in $(wanted_keys "$1"); do
    keys+=" --from-file=$key=FILE"
    # A kubelet looks at no other Secret for a registry's password.
    [[ $key != .dockerconfigjson ]] || keys+=" --type=kubernetes.io/dockerconfigjson"
  done
  printf 'kubectl --namespace=%s create secret generic %s%s' "${1%%/*}" "${1#*/}" "$keys"
}

# secret_values SECRET KEY...: the stringData of these keys.
secret_values() {
  local - found row key kind value wanted
  set +x
  mapfile -t found < <(rows "$1" "${SECRETS[@]}")
  shift
  printf 'stringData:\n'
  for row in "${found[@]}"; do
    columns "$row" _ key kind value
    for wanted in "$@"; do
      [[ $wanted == "$key" ]] || continue
      if [[ $kind == random ]]; then
        value=$(random_text "$value") || return 1
      fi
      printf "  '%s': '%s'\n" "$key" "${value//\'/\'\'}"
    done
  done
}

# how_to_replace SECRET: the same, of one that is there.
how_to_replace() {
  local how=--dry-run=client
  ! is_newer v1.18.0 "$KUBERNETES_VERSION" || how=--dry-run
  printf '%s %s --output=yaml | kubectl replace --filename=-' "$(how_to_provide "$1")" "$how"
}

# secret_lines SECRET KEY...: what the cluster has of these keys, a line each.
secret_lines() {
  local - key text=''
  set +x
  for key in "${@:2}"; do
    text+="{{index .data \"$key\" | base64decode | println}}"
  done
  kube --namespace="${1%%/*}" get secret "${1#*/}" --output=go-template="$text"
}

# ---- New values. The former one of KEY stays beside it as KEY.former, until all that need it have the new one.

readonly FORMER_SUFFIX=.former

# former_keys PRESENT: of what secret_keys has said, a line each.
former_keys() {
  sed -n "s/^key \(.*$FORMER_SUFFIX\)\$/\1/p" <<<"$1"
}

# renew_secret SECRET KEY...: the object as it is, with each key copied, and a new value after it. As of all changes here, its
# resourceVersion makes the server refuse when somebody else was faster.
renew_secret() {
  local - secret=$1 text key edits=()
  set +x
  for key in "${@:2}"; do
    edits+=(--expression="/^data:/,/^[^ ]/ s/^  ${key//./\\.}\(: .*\)/&\n  $key$FORMER_SUFFIX\1/")
  done
  text=$(kube --namespace="${secret%%/*}" get secret "${secret#*/}" --output=yaml)
  text=$(printf '%s\n' "$text" | sed "${edits[@]}")
  for key in "${@:2}"; do
    [[ $text == *$'\n'"  $key$FORMER_SUFFIX: "* ]] ||
      fail "kubectl does not show $key of Secret ${secret#*/} in a line of its own: nothing was changed"
  done
  {
    printf '%s\n' "$text"
    secret_values "$@"
  } | kube replace --filename=-
}

# drop_former SECRET: every former value.
drop_former() {
  local -
  set +x
  kube --namespace="${1%%/*}" get secret "${1#*/}" --output=yaml |
    sed "/^data:/,/^[^ ]/ { /^  [^ ]*\\$FORMER_SUFFIX: /d }" | kube replace --filename=-
}
