# shellcheck shell=bash
# option: --join-file FILE=/run/dojot-join: the file with the join token; worker reads - from its standard input
# option: --key-file FILE=/run/dojot-join-key: the file with which a control plane joins; join-control-plane reads - from
#   its standard input
# effect: nothing: only a node that joins needs a token
# effect: read_join_file run_kubeadm_join: looks: only a node that joins reads it
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

# ca_hash CERTIFICATE: sha256:... of its public key, as kubeadm pins it.
ca_hash() {
  local digest
  digest=$(openssl x509 -pubkey -noout -in "$1" |
    openssl pkey -pubin -outform der | openssl dgst -sha256 -hex)
  printf 'sha256:%s' "${digest##* }"
}

# What read_join_file has found: a word of the file -> the rest of its line.
declare -A JOIN=()

# read_join_file PATH STEP: the file that STEP writes. Whoever calls has set +x: it holds secrets.
read_join_file() {
  local path=$1 word rest
  if [[ $path == - ]]; then
    path=/dev/stdin
  fi
  [[ -r $path ]] || fail "there is no $path: copy it from the control-plane node, which makes it with the step $2"
  while read -r word rest; do
    [[ -z $word ]] || JOIN[$word]=$rest
  done <"$path"
  [[ ${JOIN[token]-} =~ ^[a-z0-9]{6}\.[a-z0-9]{16}$ && ${JOIN[ca-hash]-} =~ ^sha256:[0-9a-f]{64}$ ]] ||
    fail "$path is not what the step $2 writes: make a new one"
}

# run_kubeadm_join TEXT: a JoinConfiguration, with what this host and the file say in it.
run_kubeadm_join() {
  local text=$1 config=''
  text=${text//@NODE@/$(self name)}
  text=${text//@ADDRESS@/$(self address)}
  text=${text//@LABEL@/$(self label)}
  text=${text//@TOKEN@/${JOIN[token]}}
  text=${text//@CA_HASH@/${JOIN[ca-hash]}}
  text=${text//@CERTIFICATE_KEY@/${JOIN[certificate-key]-}}
  scratch config "${TMPDIR:-/tmp}/dojot-join.XXXXXX"
  printf '%s' "$text" >"$config"
  kubeadm join --config="$config"
}

# remove_join_file PATH: also where an earlier run was killed before it came to this.
remove_join_file() {
  local path=$1
  if [[ $path == - ]]; then
    # It has come by standard input, and is nowhere.
    return 0
  elif [[ -e $path ]]; then
    change "remove $path" rm -f -- "$path"
  else
    report skipped "$path does not exist"
  fi
}
