# shellcheck shell=bash
# effect: nothing: it looks, and changes nothing
# effect: ARGOCD_EXISTING: person: an Argo CD that runs is neither removed nor installed by this. Before it is set to
#   true, the one of this script has to have an owner; before it is set to false, take the other one away
#
# An Argo CD of somebody else's: it gets a project and an application, and keeps all that it has.

ARGOCD_CAN_BE_USED=''

# What use_existing_argocd has found; no only where --dry-run would refuse.
argocd_can_be_used() {
  [[ -n $ARGOCD_CAN_BE_USED ]]
}

# It runs where the inventory says, and none of its projects and applications has our name.
use_existing_argocd() {
  local kinds others
  if ! cluster_known; then
    report would "use the Argo CD in namespace $ARGOCD_NAMESPACE"
    ARGOCD_CAN_BE_USED=yes
    return 0
  fi
  working_on 'look at the Argo CD that is there'
  kinds=$(kube get customresourcedefinitions applications.argoproj.io appprojects.argoproj.io --ignore-not-found --output=name)
  if [[ $(wc -w <<<"$kinds") != 2 || -z $(argocd_workloads) ]]; then
    refuse "there is no Argo CD in namespace $ARGOCD_NAMESPACE, and the inventory says that one is (platform.argocd.existing): correct platform.argocd.namespace, or have one installed first. Nothing was changed"
    return 0
  fi
  others=$(of_others)
  if [[ -n $others ]]; then
    refuse "this Argo CD has $others already, and it is not this cluster's: rename the target, or have it removed. Nothing was changed"
    return 0
  fi
  ARGOCD_CAN_BE_USED=yes
  report skipped "the Argo CD in namespace $ARGOCD_NAMESPACE is somebody else's, and stays as it is"
  look_at_settings
}

# of_others: the project or application of our name that is not for this cluster; nothing if all is well. Ours say what
# the compiled ones say, wherever their repository is now.
of_others() {
  local row what file key place found
  for row in 'an Application|application.yml|path|.spec.source' 'an AppProject|project.yml|description|.spec'; do
    IFS='|' read -r what file key place <<<"$row"
    file=$(compiled)/argocd/$file
    found=$(kube get --filename="$file" --ignore-not-found --output=go-template="{{with $place}}{{.$key}}{{else}}nothing{{end}}")
    if [[ -n $found && $found != "$(sed -n "s/^ *$key: //p" "$file")" ]]; then
      printf '%s of the name in %s' "$what" "${file##*/}"
      return 0
    fi
  done
}

# Its settings hold for all that it manages, so their owner changes them.
look_at_settings() {
  local patch
  patch=$(<"$(compiled)/argocd/argocd-cm.yml")$'\n'
  if [[ $(patched_settings "$patch") == *'(no change)'* ]]; then
    report ok 'its argocd-cm has the health check of the brokers'
  else
    printf '%s\n' "bootstrap.sh: its argocd-cm lacks the health check of the brokers, so a sync does not wait for them: ask its owner for the keys of argocd/argocd-cm.yml" >&2
  fi
}
