# shellcheck shell=bash
# effect: install_runtime: restart: Docker starts anew; containers go on running (live-restore)
#
# Container runtime `docker`. One part a runtime: platform.runtime.name chooses it.

runtime_docker() {
  install_runtime /etc/docker/daemon.json
}

# run_image_docker FOLDER IMAGE COMMAND...
run_image_docker() {
  docker run --rm --network=none --volume="$1:$1" --entrypoint='' "$2" "${@:3}"
}
