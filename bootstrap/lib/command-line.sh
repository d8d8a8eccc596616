# shellcheck shell=bash
# The command line: bootstrap.sh STEP [OPTION...]. Steps and options are two tables, made of the heads in steps/ and lib/.

show_help() {
  local row name help
  printf 'Usage: bootstrap.sh STEP [OPTION...]\n\n'
  printf 'Builds the cluster %s up to the point where Argo CD takes over.\n' "$CLUSTER_NAME"
  printf 'Every step can run again: it changes only what is not yet as it should be.\n\nSteps:\n'
  for row in "${STEPS[@]}"; do
    columns "$row" name help _
    printf '  %-15s %s\n' "$name" "$help"
  done
  show_options "${STEP_OPTIONS[@]}"
  printf '  %-19s this text, or with a step that step'\''s\n' --help
  printf '\nEach line of output says done, skipped, would or failed, and what.\n'
  printf 'Exit code: 0 all is well, 1 a step failed or verify found something, 2 wrong usage, 75 another run is at work.\n'
}

# show_step_help STEP
show_step_help() {
  local row name help options machine elsewhere option taken=()
  columns "$(rows "$1" "${STEPS[@]}")" name help options machine elsewhere _
  printf 'bootstrap.sh %s: %s\nWhere: %s%s.\n' "$name" "$help" "$machine" "$elsewhere"
  for option in $options; do
    taken+=("$(rows "$option" "${STEP_OPTIONS[@]}")")
  done
  if ((${#taken[@]})); then
    show_options "${taken[@]}"
  fi
}

# show_options ROW...
show_options() {
  local row option value default text
  printf '\nOptions:\n'
  for row in "$@"; do
    columns "$row" option value default text
    printf '  %-19s %s\n' "$option${value:+ $value}" "$(tr ' ' '\n' <<<"$text${default:+ (default: $default)}" | wrapped 22)"
  done
}

# wrapped INDENT: its input, a line each of what belongs together, in lines that a terminal shows.
wrapped() {
  local piece line=''
  while read -r piece; do
    if ((${#line} + ${#piece} > 105 - $1)); then
      printf '%s\n%*s' "$line" "$1" ''
      line=''
    fi
    line+=${line:+ }$piece
  done
  printf '%s' "$line"
}

# takes STEP OPTION
takes() {
  local options
  columns "$(rows "$1" "${STEPS[@]}")" _ _ options _
  [[ " $options " == *" $2 "* ]]
}

# steps_that_take OPTION: as in `a, b and c`.
steps_that_take() {
  local row step text='' last=''
  for row in "${STEPS[@]}"; do
    columns "$row" step _
    takes "$step" "$1" || continue
    text+=${last:+${text:+, }$last}
    last=$step
  done
  printf '%s' "${text:+$text and }$last"
}

# read_option WORD [NEXT WORD]: 1 where the next word is its value.
read_option() {
  local row name=${1%%=*} value
  row=$(rows "$name" "${STEP_OPTIONS[@]}")
  columns "$row" _ value _
  if [[ -z $row || (-z $value && $1 == *=*) ]]; then
    usage_error "unknown option $1 (see --help)"
  elif [[ -z $value ]]; then
    set_option "${name#--}" yes
  elif [[ $1 == *=* ]]; then
    [[ -n ${1#*=} ]] || usage_error "$name needs a value"
    set_option "${name#--}" "${1#*=}"
  else
    [[ -n ${2-} ]] || usage_error "$name needs a value"
    set_option "${name#--}" "$2"
    return 1
  fi
}

set_defaults() {
  local row option default
  for row in "${STEP_OPTIONS[@]}"; do
    columns "$row" option _ default _
    set_option "${option#--}" "$default"
  done
}

main() {
  local step='' wants_help=''
  set_defaults
  while (($#)); do
    case $1 in
      --help | -h) wants_help=yes ;;
      -*) read_option "$@" || shift ;;
      *)
        [[ -z $step ]] || usage_error "one step at a time: $step or $1?"
        columns "$(rows "$1" "${STEPS[@]}")" step _
        [[ -n $step ]] || usage_error "unknown step $1 (see --help)"
        ;;
    esac
    shift
  done
  if [[ -n $wants_help && -n $step ]]; then
    show_step_help "$step"
    return 0
  elif [[ -n $wants_help ]]; then
    show_help
    return 0
  fi
  [[ -n $step ]] || usage_error 'which step? (see --help)'
  check_root_option
  if needs_lock "$step"; then
    lock
  fi
  working_on "$step"
  "step_${step//-/_}"
}
