# shellcheck shell=bash
# effect: looks: nodes are asked how they are
#
# The other nodes of the cluster, for what may be done to one of them at a time.

# name | is it Ready | `true`: cordoned | version of its kubelet
IFS= read -r -d '' NODE_STATES <<'END' || true
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|
  {{with .spec.unschedulable}}{{.}}{{end}}|
  {{.status.nodeInfo.kubeletVersion}}
  {{println}}
{{end}}
END
readonly NODE_STATES

# need_other_nodes SERVER: 1 where another node is away or out of service, or, before the control plane is upgraded, where
# its kubelet is of another minor release than the API server, SERVER.
need_other_nodes() {
  local states row name ready cordoned version
  if [[ $(self role) != control-plane && -z $(option kubeconfig) ]]; then
    report skipped "the other nodes are not looked at: this one may not see them. One node at a time; --kubeconfig lets it look"
    return 0
  fi
  states=$(kube --request-timeout=10s get nodes --output=go-template="$(template "$NODE_STATES")") ||
    { refuse 'the API server does not say how the other nodes are (see above): run this step again when it does'; return 1; }
  while IFS= read -r row; do
    columns "$row" name ready cordoned version
    [[ $name != "$(self name)" ]] || continue
    if [[ $ready != True ]]; then
      refuse "node $name is not Ready, and nodes are upgraded one at a time: see kubectl describe node $name, and run this step again when it is"
      return 1
    elif [[ -n $cordoned ]]; then
      refuse "node $name is cordoned, and nodes are upgraded one at a time: finish what is done there (bootstrap.sh upgrade on it, where that broke off), or kubectl uncordon $name; then run this step again"
      return 1
    elif [[ $1 != "$KUBERNETES_VERSION" && ${version%.*} != "${1%.*}" ]]; then
      refuse "node $name has kubelet $version, the API server is $1: before the next release bring every node to that of the API server, with the script that is compiled for it: bootstrap.sh upgrade on $name"
      return 1
    fi
  done <<<"$states"
}
