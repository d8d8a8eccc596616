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
  done
  printf 'kubectl --namespace=%s create secret generic %s%s' "${1%%/*}" "${1#*/}" "$keys"
}
