#!/usr/bin/env bash
# Build the control plane of Kubernetes 1.20.2 from Debian bookworm's source package.
# Usage: build.sh <target folder>      exit code: 0 built, 1 cannot be built here, 2 wrong use
#
# The nearest to the guide's 1.17 that can still be built, and among the last that know
# topologyKeys. It needs no root, and up to 3 GB in TMPDIR until it is done.
set -euo pipefail

# Exact, so that every machine builds the same.
readonly KUBERNETES=1.20.5+really1.20.2-1.1+deb12u1
readonly GO=1.19.8-2
readonly REFLECT2=1.0.2-2
readonly PROGRAMS=(kube-apiserver kube-controller-manager kube-scheduler kubectl)
# Nothing is installed that this does not vouch for, whatever else the machine's apt trusts.
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
  echo "kubernetes-1-20: $*" >&2
  exit 1
}

if [[ $# -ne 1 || $1 == -* ]]; then
  sed -n '2,3s/^# //p' "$0"
  [[ ${1:-} == --help ]] && exit 0
  exit 2
fi
[[ -d $1 ]] || { echo "kubernetes-1-20: $1 is not a folder" >&2; exit 2; }
target=$(realpath "$1")

for program in apt-get dpkg-deb make rsync; do
  command -v "$program" >/dev/null || fail "there is no $program here; this is built on Debian, with make and rsync"
done
[[ -r $KEYRING ]] || fail "there is no $KEYRING here; this is built from Debian's source packages"

work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
mkdir -p "$work"/apt/{lists,verified,cache,parts} "$work"/{debs,packages,kubernetes,home,tmp}

# The machine's own archives of Debian, with their sources, in a state of our own. apt checks
# every file against the list that the archive signs.
private=(-q -o "Dir::State=$work/apt" -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache"
  -o APT::Sandbox::User=root -o Acquire::Languages=none)
# An archive of others that does not answer is of no importance; what is missing shows below.
apt-get "${private[@]}" update || true
apt-get "${private[@]}" indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
  'Created-By: Packages' 'Origin: Debian' | sort -u | while read -r uri release component; do
  for kind in deb deb-src; do
    echo "$kind [signed-by=$KEYRING] $uri $release $component"
  done
done >"$work/apt/parts/debian.list"
[[ -s $work/apt/parts/debian.list ]] || fail "apt has no archive of Debian here; this is built from Debian's source packages"
private+=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/apt/parts" -o "Dir::State::lists=$work/apt/verified")
apt-get "${private[@]}" update || fail "the archives of Debian that apt has here do not answer, or Debian has not signed them"

cd "$work/debs"
apt-get "${private[@]}" download "golang-1.19-go=$GO" "golang-1.19-src=$GO" "golang-github-modern-go-reflect2-dev=$REFLECT2" ||
  fail "apt has no Go 1.19 ($GO) with reflect2 ($REFLECT2); Debian 12 (bookworm) has"
apt-get "${private[@]}" source --download-only --tar-only "kubernetes=$KUBERNETES" ||
  fail "apt has no source package kubernetes ($KUBERNETES); Debian 12 (bookworm) has"
for package in *.deb; do
  dpkg-deb --extract "$package" "$work/packages"
done
# As the project released it: Debian's patches are about kubectl's output.
archive=(kubernetes_*.orig.tar.gz)
tar --extract --gzip --strip-components=1 --directory="$work/kubernetes" --file="${archive[0]}"

# The copy in vendor/ reads what the runtime of Go 1.18 has rearranged, and crashes the server.
reflect2=github.com/modern-go/reflect2
rm -rf "$work/kubernetes/vendor/$reflect2"
cp -r "$work/packages/usr/share/gocode/src/$reflect2" "$work/kubernetes/vendor/$reflect2"

cd "$work/kubernetes"
go=$work/packages/usr/lib/go-1.19
export HOME=$work/home TMPDIR=$work/tmp GOROOT=$go GOPATH=$work/home/go GOCACHE=$work/home/cache PATH=$go/bin:$PATH
export CGO_ENABLED=0 GO111MODULE=off GOFLAGS='' GOLDFLAGS='-s -w'
# What a make that calls this was told is not meant for the makes below.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
make generated_files
for program in "${PROGRAMS[@]}"; do
  make WHAT="cmd/$program"
  cp "_output/bin/$program" "$target/"
done
