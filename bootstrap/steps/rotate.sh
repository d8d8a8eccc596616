# shellcheck shell=bash
# help: give a Secret new random values, also where they are kept, and start the pods anew that read it
# where: control plane, or wherever kubectl reaches the cluster
# after: argocd
# occasion: when a value may have become known, or somebody goes who knows it
# options: --yes --kubeconfig --dry-run
# option: --secret NAME: the Secret, or NAMESPACE/NAME
# option: --restart: leave its values alone, and start the pods anew that read it: somebody else has changed them
# worked: `ok: all pods that read Secret … run with its values`
# effect: looks: a person wants new values; a change asks for none
#
# The Secret gets its new values first, and keeps the former ones beside them until the end: wherever a run ends, the next
# one knows both, and goes on. Pods that have started with the former ones have a label until they are gone.

# Seconds. A rollout that does not get on says so by itself before.
readonly ROLLOUT_TIMEOUT=1800

# The Secret, as in the first column of SECRETS; its keys that get a new value, and their rows of ROTATIONS.
SECRET=''
declare -a NEW_KEYS=() NEW_ROWS=()

step_rotate() {
  find_secret
  need_cluster
  if [[ -n $(option restart) ]]; then
    need_word "In $CLUSTER_NAME, $(what_starts_anew)."
    change "label the pods that have read Secret ${SECRET#*/}" label_readers
    restart_readers
  else
    choose_keys
    ((${#NEW_KEYS[@]})) || return 0
    renew_values
    restart_readers
    change "take the former values out of Secret ${SECRET#*/}" drop_former "$SECRET"
  fi
  dry_run || report ok "all pods that read Secret ${SECRET#*/} run with its values"
}

find_secret() {
  local given secret known=''
  given=$(option secret)
  [[ -n $given ]] || usage_error 'which Secret? --secret NAME (see --help)'
  for secret in $(secret_names made) $(secret_names provided); do
    known+="${known:+, }${secret#*/}"
    [[ $secret != "$given" && ${secret#*/} != "$given" ]] || SECRET=$secret
  done
  [[ -n $SECRET ]] || fail "the inventory of $CLUSTER_NAME has no Secret $given, but: $known"
}

choose_keys() {
  local row key how why found=()
  if secret_names provided | grep -qxF -- "$SECRET"; then
    refuse "you provide Secret ${SECRET#*/}: replace it by $(how_to_replace "$SECRET"), then run this step with --restart. Nothing was changed"
    return 0
  fi
  mapfile -t found < <(rows "$SECRET" "${ROTATIONS[@]}")
  for row in "${found[@]}"; do
    columns "$row" _ key how _ _ why
    if [[ $how == never ]]; then
      report skipped "$key of Secret ${SECRET#*/} stays: $why"
    else
      NEW_KEYS+=("$key") NEW_ROWS+=("$row")
    fi
  done
  ((${#NEW_KEYS[@]})) || refuse "Secret ${SECRET#*/} has no value that this step makes anew. Nothing was changed"
}

renew_values() {
  local row key how workload present='' kept=() missing=()
  for row in "${NEW_ROWS[@]}"; do
    columns "$row" _ key how _
    [[ $how == start ]] || kept+=("$row")
  done
  if cluster_known; then
    present=$(secret_keys "$SECRET")
    mapfile -t missing < <(missing_keys "$SECRET" "$present")
    ((${#missing[@]} == 0)) || fail "Secret ${SECRET#*/} lacks ${missing[*]}: run the step secrets first"
  fi
  need_word "In $CLUSTER_NAME, these get new values: ${NEW_KEYS[*]} of Secret ${SECRET#*/}; $(what_starts_anew)."
  if former_keys "$present" | grep -q .; then
    report skipped "Secret ${SECRET#*/} has new values already: an earlier run has not come to its end"
  else
    for row in "${kept[@]}"; do
      columns "$row" _ key _ _ workload _
      await "$workload takes $key of Secret ${SECRET#*/} as it is" ask_keeper check "$row"
    done
    change "label the pods that have read Secret ${SECRET#*/}" label_readers
    change "give Secret ${SECRET#*/} new values: ${NEW_KEYS[*]}" renew_secret "$SECRET" "${NEW_KEYS[@]}"
  fi
  for row in "${kept[@]}"; do
    columns "$row" _ key _ _ workload _
    change "give $workload the new $key of Secret ${SECRET#*/}" ask_keeper set "$row"
  done
}

# In the words of the question.
what_starts_anew() {
  local row workload how rolling='' together=''
  for row in $(rows "$SECRET" "${READERS[@]}"); do
    columns "$row" _ workload _ how
    if [[ $how == together ]]; then
      together+="all pods of $workload end at once, and each session of a device with them"
    else
      rolling+="${rolling:+, }$workload"
    fi
  done
  printf '%s' "${rolling:+one after the other start anew: $rolling}${rolling:+${together:+; }}$together"
  [[ -n $rolling$together ]] || printf 'no pod starts anew'
  [[ -n $together ]] || printf '. No session of a device ends'
}

# The label of a pod that has started before the values were new.
former_label() {
  printf '%s' "former.dojot.components/${SECRET#*/}"
}

label_readers() {
  local row labels
  for row in $(rows "$SECRET" "${READERS[@]}"); do
    columns "$row" _ _ labels _
    kube --namespace="${SECRET%%/*}" label pods --selector="$labels" --overwrite "$(former_label)=yes"
  done
}

# In the order of the waves: who answers others comes before them.
restart_readers() {
  local row workload labels how place
  place=--namespace=${SECRET%%/*}
  for row in $(rows "$SECRET" "${READERS[@]}"); do
    columns "$row" _ workload labels how
    labels+=,$(former_label)
    if ! dry_run && [[ -z $(kube "$place" get pods --selector="$labels" --output=name) ]]; then
      report skipped "no pod of $workload has started before"
    elif [[ $how == together ]]; then
      # As a failing power does, from which they come back with what is in their volumes: given time, each would leave the
      # others for good, and wait for somebody to take its queues, when nobody stays.
      change "end all pods of $workload at once" kube "$place" delete pods --selector="$labels" --grace-period=1
    else
      change "start $workload anew" kube "$place" rollout restart "$workload"
    fi
    await "$workload runs" wait_for_rollout "$place" "$workload"
  done
}

# wait_for_rollout --namespace=NAMESPACE WORKLOAD
wait_for_rollout() {
  kube "$1" rollout status "$2" --timeout="${ROLLOUT_TIMEOUT}s" ||
    fail "$2 does not run yet (see above): look at its pods (kubectl $1 describe $2, kubectl $1 logs $2), then run this step again. Until it is done, former values are in Secret ${SECRET#*/} too, under their keys with $FORMER_SUFFIX"
}
