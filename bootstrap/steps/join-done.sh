# shellcheck shell=bash
# help: delete the join tokens, the join files, and the keys of the control plane that one joined with
# where: control plane
# after: worker
# options: --join-file --key-file --kubeconfig --dry-run
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
  if cluster_known && [[ -n $(kube --namespace=kube-system get secret kubeadm-certs --ignore-not-found --output=name) ]]; then
    change 'delete the Secret kubeadm-certs' kube --namespace=kube-system delete secret kubeadm-certs
  fi
  remove_join_file "$(option join-file)"
  if ((${#OTHER_CONTROL_PLANES[@]})); then
    remove_join_file "$(option key-file)"
  fi
}
