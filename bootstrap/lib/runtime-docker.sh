# shellcheck shell=bash
# effect: install_runtime: restart: Docker starts anew; containers go on running (live-restore)
#
# Container runtime `docker`. One part a runtime: platform.runtime.name chooses it.

runtime_docker() {
  install_runtime /etc/docker/daemon.json
}
