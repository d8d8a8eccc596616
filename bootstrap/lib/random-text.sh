# shellcheck shell=bash
# Passwords of this script's making.

readonly RANDOM_LENGTH=32

# random_text [LENGTH]: letters and digits. dojot's auth takes no password with three characters
# in a row that are equal, rising or falling, and one text in 45 has such a run by chance.
random_text() {
  local - length=${1:-$RANDOM_LENGTH} text attempt
  set +x
  for ((attempt = 0; attempt < 100; attempt++)); do
    text=$(head --bytes=2048 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9')
    text=${text:0:length}
    if ((${#text} == length)) && ! has_run "$text"; then
      printf '%s' "$text"
      return 0
    fi
  done
  return 1
}

# has_run TEXT: does it hold something like aaa, abc or 321?
has_run() {
  local - text=$1 place code before=-9 step last=9
  set +x
  for ((place = 0; place < ${#text}; place++)); do
    printf -v code '%d' "'${text:place:1}"
    step=$((code - before))
    if ((step == last && step >= -1 && step <= 1)); then
      return 0
    fi
    before=$code last=$step
  done
  return 1
}
