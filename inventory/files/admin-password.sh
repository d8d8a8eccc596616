#!/bin/sh
# auth creates its administrator with a password that everyone knows. This gives the
# account the password of the Secret, once; a second run finds it in place.
set -eu

url=${AUTH_URL:?}
user=${ADMIN_USER:?}
wanted=${ADMIN_PASSWORD:?}
attempts=${AUTH_ATTEMPTS:-60}
pause=${AUTH_PAUSE_SECONDS:-5}
first="admin"

body=$(mktemp)
header=$(mktemp)
trap 'rm -f "$body" "$header"' EXIT

# A text as it stands between the quotes of JSON.
json() {
  printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}

# Prints the token, or nothing where the password is refused; 2 where auth does not answer.
login() {
  code=$(printf '{"username":"%s","passwd":"%s"}' "$(json "$user")" "$(json "$1")" |
    curl --silent --max-time 10 --output "$body" --write-out '%{http_code}' \
      --header 'Content-Type: application/json' --data @- "$url/") || return 2
  case $code in
    200) sed -n 's/.*"jwt" *: *"\([^"]*\)".*/\1/p' "$body" ;;
    5??) return 2 ;;
  esac
}

# The same, once auth answers; ends the script where it never does.
login_in_time() {
  tried=0
  until token=$(login "$1"); do
    tried=$((tried + 1))
    if [ "$tried" -ge "$attempts" ]; then
      echo "failed: no answer from auth at $url after $tried attempts" >&2
      exit 1
    fi
    sleep "$pause"
  done
}

login_in_time "$wanted"
if [ -n "$token" ]; then
  echo "skipped: $user has the password of the Secret"
  exit 0
fi

login_in_time "$first"
if [ -z "$token" ]; then
  echo "failed: $user has neither the first password nor the Secret's; set it by hand" >&2
  exit 1
fi
# The token goes through a file, not through the command line.
printf 'header = "Authorization: Bearer %s"\n' "$token" >"$header"
: >"$body"
code=$(printf '{"oldpasswd":"%s","newpasswd":"%s"}' "$first" "$(json "$wanted")" |
  curl --silent --max-time 10 --output "$body" --write-out '%{http_code}' --config "$header" \
    --header 'Content-Type: application/json' --data @- "$url/password/update") || code=000
case $code in
  # Without an answer, the change may have been made all the same.
  200 | 000 | 5??) ;;
  *)
    echo "failed: auth refused the new password of $user: status $code: $(cat "$body")" >&2
    exit 1
    ;;
esac
login_in_time "$wanted"
[ -n "$token" ] || { echo "failed: $user cannot log in with the new password; its change ended with status $code" >&2; exit 1; }
echo "done: $user has the password of the Secret"
