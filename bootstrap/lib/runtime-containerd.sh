# shellcheck shell=bash
# Container runtime `containerd`. The package's own configuration switches off what the
# kubelet talks to; apt keeps the file that is there before it.

runtime_containerd() {
  install_runtime /etc/containerd/config.toml
}
