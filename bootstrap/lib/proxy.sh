# shellcheck shell=bash
# effect: nothing: what is fetched from then on goes that way
# effect: set_runtime_proxy: restart: the runtime starts anew, which ends no pod
#
# The way to the Internet, where it leads through a proxy (platform.proxy). Each row of PROXY is NAME=VALUE.

readonly RUNTIME_PROXY=/etc/systemd/system/$RUNTIME_SERVICE.service.d/91-dojot-proxy.conf

# through_proxy PROGRAM...: with the variables in its environment, and in no other's: kubeadm would write them into the
# control plane, and kubectl ask the proxy for the API server.
through_proxy() {
  env "${PROXY[@]}" "$@"
}

# The runtime pulls images by itself. Its file comes before its package, which starts the service.
set_runtime_proxy() {
  local row text='' path=${OPTION[root]-}$RUNTIME_PROXY
  for row in "${PROXY[@]}"; do
    text+="Environment=\"$row\""$'\n'
  done
  if [[ -n $text ]]; then
    owing "$RUNTIME_SERVICE" write_file "$RUNTIME_PROXY" 0644 $'[Service]\n'"$text"
    read_unit "$RUNTIME_SERVICE"
  elif [[ -e $path ]]; then
    owe "$RUNTIME_SERVICE"
    remove_paths 'the proxy of the runtime' "$path"
    live 'read the unit files again' systemctl daemon-reload
  fi
}
