# shellcheck shell=bash
# Container runtime `docker`. One part a runtime: platform.runtime.name chooses it.

runtime_docker() {
  install_runtime /etc/docker/daemon.json
}
