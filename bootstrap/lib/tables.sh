# shellcheck shell=bash
# The inventory's tables: an array each, a row one word of columns parted by `|`. The last column takes the rest.

# columns ROW NAME...: the columns of a row into these variables.
columns() {
  IFS='|' read -r "${@:2}" <<<"$1"
}

# rows FIRST ROW...: those whose first column is FIRST, a line each.
rows() {
  local row
  for row in "${@:2}"; do
    [[ $row != "$1|"* ]] || printf '%s\n' "$row"
  done
}
