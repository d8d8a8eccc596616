# shellcheck shell=bash
# Step `secrets`: makes the Secrets and keys that are missing, and no others. A value
# is never printed, never an argument of a command, and never made twice.

readonly RANDOM_LENGTH=32

step_secrets() {
  need_cluster
  local row secret namespace previous=''
  for namespace in "${NAMESPACES[@]}"; do
    create_namespace "$namespace"
  done
  for row in "${SECRETS[@]}"; do
    secret=${row%%|*}
    [[ $secret != "$previous" ]] || continue
    previous=$secret
    ensure_secret "$secret"
  done
}

# ensure_secret NAMESPACE/SECRET, as in the first column of SECRETS; so are the names below.
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
