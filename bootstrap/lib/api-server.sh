# shellcheck shell=bash
# effect: restart: the API server starts anew and is away for a moment; pods go on running
# effect: ENCRYPTION_FILE ENCRYPTION_PROVIDER: person: the step refuses another provider: "Another key for Secrets" in
#   bootstrap/README.md
#
# Files that the API server reads as it starts: the audit policy, and how Secrets are encrypted in etcd. The key of
# that is made here, on the control plane, and is nowhere else: whoever saves etcd has to save it, too.

readonly API_SERVER_MANIFEST=/etc/kubernetes/manifests/kube-apiserver.yaml

# Before one reads them.
write_api_server_files() {
  write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
  if [[ ! -e $ENCRYPTION_FILE ]] && ! api_server_reads "$ENCRYPTION_FILE"; then
    change "make a key for Secrets in etcd: $ENCRYPTION_FILE (0600, $ENCRYPTION_PROVIDER)" write_encryption
  fi
}

# Of one that is there: it would miss them only at its next start.
keep_api_server_files() {
  if api_server_reads "$AUDIT_POLICY_FILE"; then
    owing kube-apiserver write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
  fi
  if [[ -e $ENCRYPTION_FILE ]]; then
    need_encryption_provider
  elif api_server_reads "$ENCRYPTION_FILE"; then
    refuse "the API server encrypts Secrets with the key in $ENCRYPTION_FILE, and that file is gone: bring it back from where it was saved with etcd. With another key no Secret of this cluster could be read any more"
  fi
}

# api_server_reads PATH: is it one of its arguments?
api_server_reads() {
  grep -qsF -- "=$1" "$API_SERVER_MANIFEST"
}

# Another provider needs both for a time, and every Secret written anew: nothing to do in passing.
need_encryption_provider() {
  if grep -q -- "^  - $ENCRYPTION_PROVIDER:" "$ENCRYPTION_FILE"; then
    report skipped "$ENCRYPTION_FILE has a key for $ENCRYPTION_PROVIDER"
  else
    refuse "$ENCRYPTION_FILE does not name $ENCRYPTION_PROVIDER, which the inventory has as platform.kubernetes.secrets_encryption: see \"Another key for Secrets\" in bootstrap/README.md"
  fi
}

# Both providers take a key of 32 bytes. `identity` reads what was written before there was a key.
write_encryption() {
  local - key temporary=''
  set +x
  mkdir -p -- "${ENCRYPTION_FILE%/*}"
  key=$(head -c 32 /dev/urandom | base64 -w 0)
  ((${#key} == 44)) || return 1
  scratch temporary "${ENCRYPTION_FILE%/*}/.${ENCRYPTION_FILE##*/}.XXXXXX"
  cat >"$temporary" <<YAML
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources:
  - secrets
  providers:
  - $ENCRYPTION_PROVIDER:
      keys:
      - name: first
        secret: $key
  - identity: {}
YAML
  mv --force -- "$temporary" "$ENCRYPTION_FILE"
}

# The policies of earlier runs, which nothing reads any more.
remove_former_policies() {
  local path
  for path in "${AUDIT_POLICY_FILE%-*}"-*.yml; do
    [[ $path != "$AUDIT_POLICY_FILE" && -e $path ]] || continue
    change "remove $path" rm -f -- "$path"
  done
}
