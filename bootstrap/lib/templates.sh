# shellcheck shell=bash
# Templates of what kubectl prints, or takes, are written one clause a line.

# template TEXT [WORD VALUE]...: the text as kubectl reads it, without line breaks and indentation; @WORD@ is VALUE.
template() {
  local line text=''
  while IFS= read -r line; do
    text+=${line#"${line%%[! ]*}"}
  done <<<"$1"
  shift
  while (($#)); do
    text=${text//@$1@/"$2"}
    shift 2
  done
  printf '%s' "$text"
}
