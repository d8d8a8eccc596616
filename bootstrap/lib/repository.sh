# shellcheck shell=bash
# effect: looks: a look into the repository; no change asks for one
#
# The repository as this host has fetched it, bare. Of what lies in it nothing is run.

readonly FOLLOW_REPOSITORY=/var/lib/dojot/follow.git
# Seconds to wait for an answer.
readonly FOLLOW_PATIENCE=120
# In the repository here: what is wanted, what this host has.
readonly WANTED_REF=refs/dojot/wanted INSTALLED_REF=refs/dojot/installed

# No prompts, and none of it is anybody's but root's.
git_here() {
  GIT_TERMINAL_PROMPT=0 git --git-dir="$FOLLOW_REPOSITORY" "$@"
}

# One look at a time. What a run that was killed has locked is free again.
lock_repository() {
  local descriptor
  install --directory --mode=0700 -- "$FOLLOW_REPOSITORY"
  exec {descriptor}<"$FOLLOW_REPOSITORY"
  flock --nonblock "$descriptor" || busy 'another look into the repository is at work. Run this step again when that has ended'
  find "$FOLLOW_REPOSITORY" -name '*.lock' -delete
  git_here init --quiet --bare --template= >&2
}

# fetch_revision URL REVISION: all of its history, by which it is known whether a commit is older than another.
fetch_revision() {
  local said=''
  scratch said "${TMPDIR:-/tmp}/dojot-follow.XXXXXX"
  timeout --kill-after=10 "$FOLLOW_PATIENCE" env "${PROXY[@]}" GIT_TERMINAL_PROMPT=0 git --git-dir="$FOLLOW_REPOSITORY" \
    fetch --quiet --no-tags --force -- "$1" "$2:$WANTED_REF" >"$said" 2>&1 </dev/null ||
    look_unreachable "Git cannot fetch $2 of $1: $(sed -n '/^[Ww]arning/d; /./ { s,//[^/@]*@,//,g; p; q }' -- "$said")"
}

# What is wanted, also where that is a tag; nothing where it is no commit.
wanted_commit() {
  git_here rev-parse --verify --quiet "$WANTED_REF^{commit}" || true
}

# What this host has; nothing before its first look.
installed_commit() {
  git_here rev-parse --verify --quiet "$INSTALLED_REF" || true
}

note_installed() {
  git_here update-ref "$INSTALLED_REF" "$1"
}

# take_file COMMIT PATH FILE
take_file() {
  git_here cat-file blob "$1:$2" >"$3" 2>/dev/null || look_refused "$1" "it has no file $2"
}

# need_signature COMMIT: of a key of SSH that the inventory names; what root's GnuPG trusts is something else.
need_signature() {
  local row name key allowed=''
  ((${#SIGNERS[@]})) || return 0
  scratch allowed "${TMPDIR:-/tmp}/dojot-signers.XXXXXX"
  for row in "${SIGNERS[@]}"; do
    columns "$row" name key
    printf '%s namespaces="git" %s\n' "$name" "$key" >>"$allowed"
  done
  git_here -c gpg.ssh.allowedSignersFile="$allowed" -c gpg.ssh.program=ssh-keygen -c gpg.program=false \
    -c gpg.openpgp.program=false -c gpg.x509.program=false verify-commit "$1" >&2 ||
    look_refused "$1" 'none of load_balancer.follow.signers has signed it'
}

# relation_of_commits BEFORE NOW: what this look has brought, in words.
relation_of_commits() {
  local short=${2:0:12}
  if [[ -z $1 ]]; then
    printf '%s' "$short is installed"
  elif [[ $1 == "$2" ]]; then
    printf '%s' "$short stays installed"
  elif git_here merge-base --is-ancestor "$1" "$2"; then
    printf '%s' "$short is installed, which comes after ${1:0:12}"
  elif git_here merge-base --is-ancestor "$2" "$1"; then
    printf '%s' "$short is installed, which is OLDER than ${1:0:12}: somebody has taken commits back"
  else
    printf '%s' "$short is installed, which does NOT come after ${1:0:12}: somebody has written another history, or names another revision"
  fi
}
