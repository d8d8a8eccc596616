# shellcheck shell=bash
# effect: looks: etcd is read, or filled where it has no data; a change asks for neither
#
# etcd's data: saved by the program that comes in its own image, and put back by that, so that both are of etcd's release.

readonly ETCD_FOLDER=/var/lib/etcd
readonly ETCD_DATA=/var/lib/etcd/member
readonly KUBERNETES_FOLDER=/etc/kubernetes

# etcdctl_on NAME ARGUMENT...: in etcd's pod on the node NAME.
etcdctl_on() {
  local pki=$KUBERNETES_FOLDER/pki/etcd
  kube --namespace=kube-system exec "etcd-$1" -- etcdctl --endpoints=https://127.0.0.1:2379 \
    --cacert="$pki/ca.crt" --cert="$pki/healthcheck-client.crt" --key="$pki/healthcheck-client.key" "${@:2}"
}

# etcd_members NAME: `ID ADDRESS` of each that etcd on the node NAME knows; one that has not begun yet has no other name.
etcd_members() {
  etcdctl_on "$1" member list | sed -n 's|^\([0-9a-f]*\), [a-z]*, [^,]*, https://\([0-9.]*\):2380.*|\1 \2|p'
}

# etcd_well NAME: the address of each member that is well, as etcd on the node NAME sees it.
etcd_well() {
  { etcdctl_on "$1" endpoint health --cluster 2>&1 || true; } | sed -n 's|^https://\(.*\):2379 is healthy.*|\1|p'
}

# save_etcd FILE: a snapshot of the etcd that runs. Its pod sees the host's folder, and no other place to write to.
save_etcd() {
  local snapshot=$ETCD_FOLDER/dojot-backup.db
  SCRATCH+=("$snapshot" "$snapshot.part")
  etcdctl_on "$(self name)" snapshot save "$snapshot"
  chmod 0600 "$snapshot"
  mv -- "$snapshot" "$1"
}

# restore_etcd FILE CONFIG: etcd's data out of a snapshot, before any etcd has run on this host; in the image that kubeadm
# takes with this configuration.
restore_etcd() {
  local image member program=(etcdutl snapshot restore --bump-revision=1000000000 --mark-compacted)
  local folder=$ETCD_FOLDER/restored snapshot=$ETCD_FOLDER/restored.db
  install --directory --mode=0700 -- "$ETCD_FOLDER"
  rm -rf -- "$folder"
  SCRATCH+=("$folder" "$snapshot")
  image=$(kubeadm config images list --config="$2" | grep '/etcd:')
  install --mode=0600 -- "$1" "$snapshot"
  # Kubelets have seen newer revisions than the snapshot's: bumped, it is newer to them, and they read all anew. A release
  # before 3.5 has neither that nor this program.
  if ! run_image "$image" etcdutl version >/dev/null 2>&1; then
    program=(etcdctl snapshot restore)
  fi
  member="$(self name)=https://$(self address):2380"
  run_image "$image" "${program[@]}" "$snapshot" --data-dir="$folder" --name="$(self name)" \
    --initial-cluster="$member" --initial-advertise-peer-urls="${member#*=}"
  mv -- "$folder/member" "$ETCD_DATA"
}

# run_image IMAGE COMMAND...: on this host, without a cluster; it sees etcd's folder and nothing else of the host.
run_image() {
  "run_image_$RUNTIME_NAME" "$ETCD_FOLDER" "$@"
}
