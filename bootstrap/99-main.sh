# shellcheck shell=bash
# The command line: bootstrap.sh STEP [OPTION...]

# step_help STEP: its first line says what it does; nothing for an unknown step.
step_help() {
  case $1 in
    plan) printf 'which command on which machine, in order; changes nothing\n' ;;
    node)
      printf 'make this host ready to be a node: name, swap, kernel, container runtime, Kubernetes\n'
      printf 'Where: on every node. Options: --node --root --dry-run\n'
      ;;
    volumes)
      printf 'make the directories of the local volumes of this node (owner as its service runs, mode 0750)\n'
      printf 'Where: on every node. Options: --node --root --dry-run\n'
      ;;
    control-plane)
      printf 'kubeadm init, the kubeconfig of the administrator (0600) and the pod network\n'
      printf 'Where: on the control-plane node. Options: --node --kubeconfig --dry-run\n'
      ;;
    join-token)
      printf 'write a short-lived join token and the hash of the CA to a file (0600)\n'
      printf 'Where: on the control-plane node. Options: --node --join-file --kubeconfig --dry-run\n'
      ;;
    worker)
      printf 'join the cluster, registering with the label of the group\n'
      printf 'Where: on every worker. Options: --node --join-file --dry-run\n'
      ;;
    join-done)
      printf 'delete the join tokens and the join file\n'
      printf 'Where: on the control-plane node. Options: --join-file --kubeconfig --dry-run\n'
      ;;
    labels)
      printf 'verify the group label of every worker, and repair it\n'
      printf 'Where: wherever kubectl reaches the cluster. Options: --kubeconfig --dry-run\n'
      ;;
    secrets)
      printf 'make the Secrets and keys that are missing; what exists stays as it is\n'
      printf 'Where: wherever kubectl reaches the cluster. Options: --kubeconfig --dry-run\n'
      ;;
    argocd)
      printf 'install Argo CD, its project and application: Git rules the cluster from here on\n'
      printf 'Where: on the control-plane node. Options: --compiled --kubeconfig --dry-run\n'
      ;;
    node-ports)
      printf 'write the NodePorts that Kubernetes has chosen to a file for the load balancer\n'
      printf 'Where: on the control-plane node, once Argo CD has synced. Options: --node-ports --kubeconfig --dry-run\n'
      ;;
    load-balancer)
      printf 'install HAProxy, its limits and its configuration; reload, never drop sessions\n'
      printf 'Where: on the load balancer. Options: --compiled --node-ports --root --dry-run\n'
      ;;
    verify)
      printf 'is everything as the inventory says? one line a thing, exit code 1 if not\n'
      printf 'Where: wherever kubectl reaches the cluster. Options: --compiled --kubeconfig\n'
      ;;
  esac
}

readonly STEPS=(plan node volumes control-plane join-token worker join-done labels secrets argocd node-ports load-balancer verify)

show_help() {
  local step
  printf 'Usage: bootstrap.sh STEP [OPTION...]\n\nBuilds the cluster %s up to the point where Argo CD takes over.\nEvery step can run again: it changes only what is not yet as it should be.\n\nSteps:\n' "$CLUSTER_NAME"
  for step in "${STEPS[@]}"; do
    printf '  %-15s %s\n' "$step" "$(step_help "$step" | head -n 1)"
  done
  cat <<'TEXT'

Options:
  --dry-run           change nothing, say what would be done
  --node NAME         this host is node NAME, whose address it has (default: the node whose address it has)
  --root DIR          prepare the system under DIR, such as a mounted image; with --node, of any node
  --compiled DIR      the compiled folder of this cluster (default: the one above this script)
  --join-file FILE    the file with the join token (default: /run/dojot-join)
  --node-ports FILE   the file with the chosen NodePorts (default: /etc/dojot/node-ports)
  --kubeconfig FILE   default: /etc/kubernetes/admin.conf, then KUBECONFIG, then ~/.kube/config; a cluster
                      that is not the inventory's is refused
  --help              this text, or with a step that step's

Each line of output says done, skipped, would or failed, and what.
Exit code: 0 all is well, 1 a step failed or verify found something, 2 wrong usage.
TEXT
}

main() {
  local step='' wants_help='' known name
  while (($#)); do
    case $1 in
      --help | -h) wants_help=yes ;;
      --dry-run) set_option dry-run yes ;;
      --node=* | --root=* | --compiled=* | --join-file=* | --node-ports=* | --kubeconfig=*)
        name=${1%%=*}
        [[ -n ${1#*=} ]] || usage_error "$name needs a value"
        set_option "${name#--}" "${1#*=}"
        ;;
      --node | --root | --compiled | --join-file | --node-ports | --kubeconfig)
        [[ -n ${2-} ]] || usage_error "$1 needs a value"
        set_option "${1#--}" "$2"
        shift
        ;;
      -*) usage_error "unknown option $1 (see --help)" ;;
      *)
        [[ -z $step ]] || usage_error "one step at a time: $step or $1?"
        known=$(step_help "$1")
        [[ -n $known ]] || usage_error "unknown step $1 (see --help)"
        step=$1
        ;;
    esac
    shift
  done
  if [[ -n $wants_help ]]; then
    if [[ -n $step ]]; then
      printf 'bootstrap.sh %s: %s\n' "$step" "$(step_help "$step")"
    else
      show_help
    fi
    return 0
  fi
  [[ -n $step ]] || usage_error 'which step? (see --help)'
  check_root_option
  if needs_lock "$step"; then
    lock
  fi
  working_on "$step"
  "step_${step//-/_}"
}

# --root without its trailing slash; `/` is the running system.
check_root_option() {
  local given
  given=$(option root)
  given=${given%/}
  [[ -z $given || -d $given ]] || usage_error "--root $given is not a directory"
  set_option root "$given"
}

main "$@"
