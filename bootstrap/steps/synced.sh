# shellcheck shell=bash
# help: wait until Argo CD has brought what Git says, and everything of it runs
# where: control plane, or wherever kubectl reaches the cluster
# after: argocd
# options: --kubeconfig
# option: --patience MINUTES=30: how long it waits
# worked: `ok: the application is Synced and Healthy`
# effect: looks: it waits for what others change

step_synced() {
  need_cluster
  local patience before='' now place=(--namespace="$ARGOCD_NAMESPACE")
  patience=$(option patience)
  [[ $patience =~ ^[1-9][0-9]{0,3}$ ]] || usage_error "--patience $patience is no number of minutes"
  while true; do
    now=$(kube "${place[@]}" get applications.argoproj.io "$CLUSTER_NAME" --ignore-not-found --output=go-template="$(template "$APPLICATION_STATE")")
    if [[ $now == 'Synced Healthy' ]]; then
      report ok 'the application is Synced and Healthy'
      return 0
    fi
    if ((SECONDS >= patience * 60)); then
      fail "after $patience minutes the application is: ${now:-not there: run the step argocd}. kubectl ${place[*]} describe application $CLUSTER_NAME says more; the step can be run again"
    elif [[ $now != "$before" ]]; then
      printf '%s\n' "bootstrap.sh: the application is: ${now:-not there yet}" >&2
      before=$now
    fi
    sleep 3
  done
}

# Sync and health; then what the operation says, and who is not healthy (services by their kinds and names).
IFS= read -r -d '' APPLICATION_STATE <<'END' || true
{{with .status}}
  {{with .sync}}{{.status}}{{end}}{{" "}}
  {{with .health}}{{.status}}{{end}}
  {{with .operationState}}{{if ne .phase "Succeeded"}}{{" "}}({{.phase}}{{with .message}}: {{.}}{{end}}){{end}}{{end}}
  {{range .resources}}
    {{$kind := .kind}}{{$name := .name}}
    {{with .health}}{{if ne .status "Healthy"}}{{", "}}{{$kind}} {{$name}} {{.status}}{{end}}{{end}}
  {{end}}
{{end}}
END
readonly APPLICATION_STATE
