# shellcheck shell=bash
# help: write a short-lived join token and the hash of the CA to a file (0600)
# where: control plane
# after: join-control-plane
# options: --node --join-file --kubeconfig --dry-run
# hands over: --join-file to every worker
# needed by: worker
# guide: the token in the playbook
# worked: `{join-file}` exists, mode 0600
# effect: nothing: only a node that joins needs a token

step_join_token() {
  need_root
  need_running_system
  identify
  need_role control-plane
  need_cluster
  change "write $(option join-file) (0600): a join token that lives $JOIN_TOKEN_TTL" write_join_file
}

write_join_file() {
  local - token hash path temporary=''
  set +x
  path=$(option join-file)
  hash=$(ca_hash /etc/kubernetes/pki/ca.crt)
  token=$(create_join_token)
  scratch temporary "$path.XXXXXX"
  printf 'token %s\nca-hash %s\n' "$token" "$hash" >"$temporary"
  mv --force -- "$temporary" "$path"
}
