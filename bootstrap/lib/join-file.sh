# shellcheck shell=bash
# option: --join-file FILE=/run/dojot-join: the file with the join token
# effect: nothing: only a node that joins needs a token
#
# Joining: a token for this round only, with the hash of the cluster's CA, in a file
# that only root reads; deleted in the cluster when the round is over.

# By this the cluster's tokens of such a round are known.
readonly JOIN_DESCRIPTION='dojot bootstrap: join'

create_join_token() {
  kubeadm token create --kubeconfig="$(kubeconfig)" --ttl="$JOIN_TOKEN_TTL" --description="$JOIN_DESCRIPTION"
}

readonly JOIN_TOKENS='
{{range .items}}
  {{if eq (printf "%v" .data.description) "@DESCRIPTION@"}}{{println .metadata.name}}{{end}}
{{end}}'

# join_tokens: the name of each such Secret, a line each. A token's name is its public half.
join_tokens() {
  local encoded
  encoded=$(printf '%s' "$JOIN_DESCRIPTION" | base64 --wrap=0)
  kube --namespace=kube-system get secrets --field-selector=type=bootstrap.kubernetes.io/token \
    --output=go-template="$(template "$JOIN_TOKENS" DESCRIPTION "$encoded")"
}

# Also where an earlier run was killed before it came to this.
remove_join_file() {
  local path
  path=$(option join-file)
  if [[ -e $path ]]; then
    change "remove $path" rm -f -- "$path"
  else
    report skipped "$path does not exist"
  fi
}
