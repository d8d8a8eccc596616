# shellcheck shell=bash
# help: delete the join tokens and the join file
# where: control plane
# after: worker
# options: --join-file --kubeconfig --dry-run
# worked: `skipped: no join token is left` on a second run
# effect: nothing: tokens that nobody needs go

step_join_done() {
  need_root
  need_cluster
  local tokens='' name
  if cluster_known; then
    tokens=$(join_tokens)
  fi
  for name in $tokens; do
    change "delete the join token ${name#bootstrap-token-}" \
      kube --namespace=kube-system delete secret "$name"
  done
  [[ -n $tokens ]] || report skipped 'no join token is left'
  remove_join_file
}
