# shellcheck shell=bash
# effect: install_runtime: restart: containerd starts anew; pods go on running
#
# Container runtime `containerd`. The package's own configuration switches off what the
# kubelet talks to; apt keeps the file that is there before it.

runtime_containerd() {
  install_runtime /etc/containerd/config.toml
}

# run_image_containerd FOLDER IMAGE COMMAND...
run_image_containerd() {
  ctr --namespace=k8s.io run --rm --mount="type=bind,src=$1,dst=$1,options=rbind:rw" -- "$2" "dojot-$$" "${@:3}"
}
