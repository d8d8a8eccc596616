# shellcheck shell=bash
# help: make the Secrets and keys that are missing; what exists stays as it is
# where: control plane, or wherever kubectl reaches the cluster
# after: labels
# options: --kubeconfig --dry-run
# guide: passwords in the playbook's variables
# worked: a second run says only `skipped`
# effect: SECRETS NAMESPACES ensure_secret: nothing: what is missing is made, and what you provide is asked for; what
#   exists stays as it is
#
# A value is never printed, never an argument of a command, and never made twice. Secrets that
# people bring (certificates, passwords of other machines) are asked for, last of all.

step_secrets() {
  need_cluster
  local namespace secret lacking=0
  for namespace in "${NAMESPACES[@]}"; do
    create_namespace "$namespace"
  done
  for secret in $(secret_names made); do
    ensure_secret "$secret"
  done
  for secret in $(secret_names provided); do
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

# is_provided SECRET: does it have every key?
is_provided() {
  local present=''
  if cluster_known; then
    present=$(secret_keys "$1") || return 1
  fi
  [[ -z $(missing_keys "$1" "$present") ]]
}

# ensure_secret SECRET
ensure_secret() {
  local secret=$1 present='' missing
  if cluster_known; then
    present=$(secret_keys "$secret")
  fi
  mapfile -t missing < <(missing_keys "$secret" "$present")
  if ((${#missing[@]} == 0)); then
    report skipped "Secret ${secret#*/} has all its keys"
  elif [[ -z $present ]]; then
    change "create Secret ${secret#*/} with ${missing[*]}" create_secret "$secret" "${missing[@]}"
  else
    change "add to Secret ${secret#*/}: ${missing[*]}" extend_secret "$secret" "${missing[@]}"
  fi
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
