# shellcheck shell=bash
# effect: install_runtime: restart: containerd starts anew; pods go on running
#
# Container runtime `containerd`. The package's own configuration switches off what the
# kubelet talks to; apt keeps the file that is there before it.

runtime_containerd() {
  install_runtime /etc/containerd/config.toml
}
