# shellcheck shell=bash
# help: which command on which machine, in order; changes nothing
# where: anywhere
# after: nothing

step_plan() {
  local row step machine occasion table when next before='' number=0
  printf 'Cluster %s, Kubernetes %s. On every machine: this repository'\''s compiled/%s, as root.\n\n' \
    "$CLUSTER_NAME" "$KUBERNETES_VERSION" "$CLUSTER_NAME"
  for row in "${STEPS[@]}"; do
    columns "$row" step _ _ machine _ occasion table when next
    if [[ $machine == anywhere || -n $occasion ]] || ! has_rows "$table"; then
      continue
    fi
    if [[ $machine != "$before" ]]; then
      number=$((number + 1))
      printf '%2d. %s: %s\n' "$number" "$machine" "$(machines "$machine" | wrapped 16)"
      before=$machine
    fi
    printf '      bootstrap.sh %s%s\n' "$step" "${when:+, $when}"
    [[ -z $next ]] || printf '        then %s\n' "$next"
  done
}

# has_rows TABLE: also where none is asked for.
has_rows() {
  [[ -n $1 ]] || return 0
  local -n table_of_step=$1
  ((${#table_of_step[@]}))
}

# machines PLACE, as the heads of steps call it: `NAME (ADDRESS)` of each, a line each.
machines() {
  local row name address role places found=''
  for row in "${NODES[@]}" "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address role _
    places='load balancer'
    case $role in
      worker) places='every node,every worker' ;;
      control-plane)
        places='every node,every control plane,control plane'
        if [[ " ${OTHER_CONTROL_PLANES[*]} " == *" $name "* ]]; then
          places='every node,every control plane,every other control plane'
        fi
        ;;
    esac
    if [[ ,$places, == *",$1,"* ]]; then
      found+="${found:+,$'\n'}$name ($address)"
    fi
  done
  printf '%s\n' "$found"
}
