# shellcheck shell=bash
# Step `secrets`: makes the Secrets and keys that are missing, and no others. A value
# is never printed, never an argument of a command, and never made twice. Secrets that
# people bring (certificates, passwords of other machines) are asked for, last of all.

readonly RANDOM_LENGTH=32

step_secrets() {
  need_cluster
  local row secret kind namespace previous='' provided=() lacking=0
  for namespace in "${NAMESPACES[@]}"; do
    create_namespace "$namespace"
  done
  for row in "${SECRETS[@]}"; do
    IFS='|' read -r secret _ kind _ <<<"$row"
    [[ $secret != "$previous" ]] || continue
    previous=$secret
    if [[ $kind == provided ]]; then
      provided+=("$secret")
    else
      ensure_secret "$secret"
    fi
  done
  for secret in "${provided[@]}"; do
    if is_provided "$secret"; then
      report skipped "Secret ${secret#*/} has all its keys"
    elif dry_run; then
      report would "ask for Secret ${secret#*/}, which you provide: $(how_to_provide "$secret")"
    else
      report failed "Secret ${secret#*/} is missing or lacks a key, and you provide it: $(how_to_provide "$secret")" >&2
      lacking=$((lacking + 1))
    fi
  done
  if ((lacking)); then
    fail "Secrets that you provide: $lacking to go (see above), then run this step again"
  fi
}

# is_provided NAMESPACE/SECRET, as in the first column of SECRETS; so are the names below.
# Does it have every key?
is_provided() {
  local row name key present=''
  if cluster_known; then
    present=$(secret_keys "$1") || return 1
  fi
  for row in "${SECRETS[@]}"; do
    IFS='|' read -r name key _ <<<"$row"
    if [[ $name == "$1" ]] && ! grep -qxF -- "key $key" <<<"$present"; then
      return 1
    fi
  done
}

# how_to_provide SECRET: the command that creates it, with each key from a file.
how_to_provide() {
  local row name key keys=''
  for row in "${SECRETS[@]}"; do
    IFS='|' read -r name key _ <<<"$row"
    if [[ $name == "$1" ]]; then
      keys+=" --from-file=$key=FILE"
    fi
  done
  printf 'kubectl --namespace=%s create secret generic %s%s' "${1%%/*}" "${1#*/}" "$keys"
}

# ensure_secret NAMESPACE/SECRET
ensure_secret() {
  local secret=$1 row name key present='' missing=()
  if cluster_known; then
    present=$(secret_keys "$secret")
  fi
  for row in "${SECRETS[@]}"; do
    IFS='|' read -r name key _ <<<"$row"
    [[ $name == "$secret" ]] || continue
    grep -qxF -- "key $key" <<<"$present" || missing+=("$key")
  done
  if ((${#missing[@]} == 0)); then
    report skipped "Secret ${secret#*/} has all its keys"
  elif [[ -z $present ]]; then
    change "create Secret ${secret#*/} with ${missing[*]}" create_secret "$secret" "${missing[@]}"
  else
    change "add to Secret ${secret#*/}: ${missing[*]}" extend_secret "$secret" "${missing[@]}"
  fi
}

# secret_keys SECRET: `secret`, then `key NAME` for each; nothing when it does not exist.
secret_keys() {
  kube --namespace="${1%%/*}" get secret "${1#*/}" --ignore-not-found \
    --output=go-template="{{println \"secret\"}}{{range \$key, \$value := .data}}{{println \"key\" \$key}}{{end}}"
}

# create, not apply: apply would keep a copy of the values in an annotation.
create_secret() {
  local - secret=$1
  set +x
  shift
  {
    printf 'apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n  name: %s\n  namespace: %s\n' \
      "${secret#*/}" "${secret%%/*}"
    secret_values "$secret" "$@"
  } | kube create --filename=-
}

# The object as it is, with the new keys after it; its resourceVersion makes the
# server refuse when somebody else was faster.
extend_secret() {
  local - secret=$1
  set +x
  shift
  {
    kube --namespace="${secret%%/*}" get secret "${secret#*/}" --output=yaml
    secret_values "$secret" "$@"
  } | kube replace --filename=-
}

# secret_values SECRET KEY...: the stringData of these keys.
secret_values() {
  local - secret=$1 row name key kind value wanted
  set +x
  shift
  printf 'stringData:\n'
  for row in "${SECRETS[@]}"; do
    IFS='|' read -r name key kind value <<<"$row"
    [[ $name == "$secret" ]] || continue
    for wanted in "$@"; do
      [[ $wanted == "$key" ]] || continue
      if [[ $kind == random ]]; then
        value=$(random_text "$value") || return 1
      fi
      printf "  '%s': '%s'\n" "$key" "${value//\'/\'\'}"
    done
  done
}

# random_text [LENGTH]: letters and digits. dojot's auth takes no password with three characters
# in a row that are equal, rising or falling, and one text in 45 has such a run by chance.
random_text() {
  local - length=${1:-$RANDOM_LENGTH} text attempt
  set +x
  for ((attempt = 0; attempt < 100; attempt++)); do
    text=$(head --bytes=2048 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9')
    text=${text:0:length}
    if ((${#text} == length)) && ! has_run "$text"; then
      printf '%s' "$text"
      return 0
    fi
  done
  return 1
}

# has_run TEXT: does it hold something like aaa, abc or 321?
has_run() {
  local - text=$1 place code before=-9 step last=9
  set +x
  for ((place = 0; place < ${#text}; place++)); do
    printf -v code '%d' "'${text:place:1}"
    step=$((code - before))
    if ((step == last && step >= -1 && step <= 1)); then
      return 0
    fi
    before=$code last=$step
  done
  return 1
}
