# shellcheck shell=bash
# effect: replace: apt installs packages
# effect: KUBERNETES_REPOSITORY RUNTIME_REPOSITORY HAPROXY_REPOSITORY: nothing: apt gets another source and its key;
#   that alone installs nothing
#
# Packages of this host, and the signed repositories that they come from.

APT_UPDATED=''

apt_get() {
  DEBIAN_FRONTEND=noninteractive through_proxy apt-get --quiet --yes -o Dpkg::Options::=--force-confold "$@"
}

apt_install() {
  if [[ -z $APT_UPDATED ]]; then
    apt_get update
    finish_installation
    APT_UPDATED=yes
  fi
  apt_get install --no-install-recommends "$@"
}

# An installation that was cut off (the power failed) is finished first: until then apt
# refuses any other. What dpkg cannot configure yet lacks a package, which apt brings.
finish_installation() {
  [[ -n $(dpkg --audit) || -n $(ls /var/lib/dpkg/updates) ]] || return 0
  DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure --pending || true
  apt_get install --no-remove --fix-broken
}

# The installed version of a package; nothing when it is not installed.
installed_version() {
  local found
  found=$(dpkg-query --show --showformat="\${db:Status-Abbrev}|\${Version}" "$1" 2>/dev/null || true)
  [[ ${found:1:1} != i ]] || printf '%s' "${found#*|}"
}

install_packages() {
  local name missing=()
  for name in "$@"; do
    [[ -n $(installed_version "$name") ]] || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then
    report skipped "packages are installed: $*"
    return 0
  fi
  live "install packages: ${missing[*]}" apt_install "${missing[@]}"
}

# is_version INSTALLED WANTED: WANTED may end in * (any build of a version).
is_version() {
  if [[ $2 == *'*' ]]; then
    [[ -n $1 && $1 == "${2%\*}"* ]]
  else
    [[ $1 == "$2" ]]
  fi
}

# install_pinned 'NAME|VERSION'...: exactly these versions, and no upgrade behind our back.
install_pinned() {
  local row name version held names=() wrong=()
  held=$(apt-mark showhold 2>/dev/null || true)
  local unheld=()
  for row in "$@"; do
    columns "$row" name version
    names+=("$name")
    if ! is_version "$(installed_version "$name")" "$version"; then
      # apt gives up the hold of what it changes.
      wrong+=("$name=$version") unheld+=("$name")
    elif ! grep -qxF -- "$name" <<<"$held"; then
      unheld+=("$name")
    fi
  done
  if ((${#wrong[@]})); then
    live "install packages: ${wrong[*]}" \
      apt_install --allow-downgrades --allow-change-held-packages "${wrong[@]}"
  else
    report skipped "packages have the inventory's versions: ${names[*]}"
  fi
  if ((${#unheld[@]})); then
    live "hold packages: ${unheld[*]}" apt-mark hold "${unheld[@]}"
  else
    report skipped "packages are held: ${names[*]}"
  fi
}

# add_repository NAME 'URL|SUITE|COMPONENT|KEY URL|FINGERPRINT': its key signs for it alone.
# A flat repository has the suite `/` and no component.
add_repository() {
  local name=$1 url suite component key_url fingerprint
  columns "$2" url suite component key_url fingerprint
  # The name says which key was checked before it got there.
  local key=/etc/apt/keyrings/$name-$fingerprint.asc
  install_packages ca-certificates curl gnupg
  if [[ -s ${OPTION[root]-}$key ]] && ! key_has_expired "${OPTION[root]-}$key"; then
    report skipped "${OPTION[root]-}$key is in place"
  else
    change "install the signing key $fingerprint" fetch_key "$key_url" "$fingerprint" "${OPTION[root]-}$key"
  fi
  write_file "/etc/apt/sources.list.d/$name.list" 0644 \
    "deb [arch=amd64 signed-by=$key] $url $suite${component:+ $component}"$'\n'
  if file_changed; then
    APT_UPDATED=''
  fi
}

# Owners prolong a key under its old fingerprint: then a new copy is needed.
key_has_expired() {
  local home='' found
  scratch_folder home
  found=$(gpg --import-options show-only --homedir "$home" --batch --quiet --with-colons --import "$1" 2>/dev/null || true)
  grep -q '^pub:e:' <<<"$found"
}

# fetch_key URL FINGERPRINT PATH: whatever comes from URL, only this key reaches PATH.
fetch_key() {
  local url=$1 fingerprint=$2 path=$3 home='' temporary=''
  mkdir -p -- "${path%/*}"
  scratch_folder home
  scratch temporary "${path%/*}/.key.XXXXXX"
  download "$url" "$home/download"
  gpg --homedir "$home" --batch --quiet --import "$home/download"
  gpg --homedir "$home" --batch --armor --export "$fingerprint" >"$temporary"
  [[ -s $temporary ]] || fail "$url does not hold the key $fingerprint; nothing was installed"
  chmod 0644 "$temporary"
  mv --force -- "$temporary" "$path"
}

# release_packages 'NAME|VERSION'...: whoever upgrades this host upgrades them as well.
release_packages() {
  local row name held names=()
  held=$(apt-mark showhold 2>/dev/null || true)
  for row in "$@"; do
    columns "$row" name _
    ! grep -qxF -- "$name" <<<"$held" || names+=("$name")
  done
  if ((${#names[@]})); then
    change "hold packages no longer: ${names[*]}" apt-mark unhold "${names[@]}"
  else
    report skipped 'no packages are held by this script'
  fi
}
