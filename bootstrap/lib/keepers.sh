# shellcheck shell=bash
# effect: looks: a program takes a new password when somebody rotates a Secret; a change asks for no rotation
#
# Programs that keep a password of a Secret: PostgreSQL and MongoDB (of a role) and auth (of a user of dojot). Each is asked
# in its own pod, by programs of its image. By their input, so that no command line has any of it, come three lines: the
# user, the password that holds until now, and the new one. `check` finds out whether the first two let in, and changes
# nothing; `set` is done as well where a run before has done it.

# ask_keeper check|set ROW of ROTATIONS
ask_keeper() {
  local - secret key how namespace workload port program former=''
  set +x
  columns "$2" secret key how namespace workload port
  case $how in
    postgres) program=(sh -c "$POSTGRES_ROLE" sh "$1") ;;
    mongodb) program=(sh -c "$MONGODB_USER" sh "$1") ;;
    auth) program=(python3 -c "$AUTH_USER" "$1" "$port") ;;
  esac
  [[ $1 == check ]] || former=$FORMER_SUFFIX
  secret_lines "$secret" user "$key$former" "$key" |
    kube --namespace="$namespace" exec --stdin "$workload" --container="${workload#*/}" -- "${program[@]}"
}

# The superuser comes by the socket of the server's own pod. However much the server logs: not the statement that holds
# the password.
IFS= read -r -d '' POSTGRES_ROLE <<'END_OF_SCRIPT' || true
set -eu
IFS= read -r user
IFS= read -r former
IFS= read -r WANTED
export WANTED PGPASSWORD="$POSTGRES_PASSWORD"
say() {
  psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=user="$user" \
    --username="$POSTGRES_USER" --dbname=postgres
}
if [ "$1" = check ]; then
  [ -n "$(echo "select 1 from pg_roles where rolname = :'user';" | say)" ] ||
    { echo "PostgreSQL has no role $user" >&2; exit 1; }
  exit
fi
[ -n "$WANTED" ]
say <<'END'
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
\set password `printenv WANTED`
alter role :"user" encrypted password :'password';
END
END_OF_SCRIPT
readonly POSTGRES_ROLE

# The pod's own variable is what the server began with, or what it had when the pod was made: with a restored Secret it may
# be the only one that still lets in.
IFS= read -r -d '' MONGODB_USER <<'END_OF_SCRIPT' || true
set -eu
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }
IFS= read -r user
IFS= read -r former
IFS= read -r wanted
printf 'var user = %s, wanted = %s, known = [%s, %s], change = %s;\n%s\n' "$(quoted "$user")" "$(quoted "$wanted")" \
  "$(quoted "$former")" "$(quoted "$MONGO_INITDB_ROOT_PASSWORD")" "$([ "$1" = check ] && echo false || echo true)" '
function fits(password) { try { return db.auth(user, password); } catch (error) { return false; } }
function set() { try { db.changeUserPassword(user, wanted); return fits(wanted); } catch (error) { return false; } }
quit(change ? (fits(wanted) || known.some(fits) && set() ? 0 : 1) : (known.some(fits) ? 0 : 1));' |
  mongo --quiet admin >&2 || { echo "MongoDB does not let $user in with what the Secret holds" >&2; exit 1; }
END_OF_SCRIPT
readonly MONGODB_USER

IFS= read -r -d '' AUTH_USER <<'END_OF_SCRIPT' || true
import json
import sys
import urllib.error
import urllib.request

task, port = sys.argv[1:]
user, former, wanted = sys.stdin.read().split("\n")[:3]


def ask(path, body, **headers):
    """What auth answers, None where it refuses."""
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request("http://127.0.0.1:%s%s" % (port, path), json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read().decode())
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise
        return None


def token(password):
    answer = ask("/", {"username": user, "passwd": password})
    return answer and answer["jwt"]


if task == "set" and token(wanted):
    sys.exit()
known = token(former)
if not known:
    sys.exit("auth does not let %s in with what the Secret holds" % user)
if task == "set":
    ask("/password/update", {"oldpasswd": former, "newpasswd": wanted}, Authorization="Bearer " + known)
    if not token(wanted):
        sys.exit("auth does not take the new password of %s" % user)
END_OF_SCRIPT
readonly AUTH_USER
