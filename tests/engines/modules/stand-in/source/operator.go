package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

type object = map[string]any

const (
	accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
	group         = "vernemq.com/v1alpha1"
	operatorPort  = 8383
	// The operator looks at its object again at once, with growing pauses; a second is enough here.
	pause = 2 * time.Second
	// A broker whose object names no grace period gets this one, in seconds.
	grace = 3600.0
)

// operator stands in for vmq-operator: with the rights of its service account it makes of each VerneMQ object what the
// operator makes of it. The shape follows the operator's source at commit 78e9d65 and dojot's change to the start.
// `operator show` prints what it makes of the object on its standard input.
func operator(arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "show" {
		instance := object{}
		if err := json.NewDecoder(os.Stdin).Decode(&instance); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(makes(instance))
	}
	contract, err := readContract()
	if err != nil {
		return err
	}
	if err := contract.start(); err != nil {
		return err
	}
	server, err := inCluster()
	if err != nil {
		return err
	}
	namespace, err := filled("${WATCH_NAMESPACE}")
	if err != nil {
		return err
	}
	listener, err := listenOn(operatorPort)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, http.NotFoundHandler()) }()
	go func() {
		for ; ; time.Sleep(pause) {
			if err := server.reconcile(namespace); err != nil {
				log.Printf("failed: %v", err)
			}
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-contract.signals():
		return nil
	}
}

type apiServer struct {
	url    string
	token  string
	client *http.Client
}

func inCluster() (*apiServer, error) {
	token, err := os.ReadFile(accountFolder + "/token")
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(accountFolder + "/ca.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	address := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	return &apiServer{"https://" + address, string(token), client}, nil
}

// call gives the answer's object and status; an error is what is neither done nor "not found" nor "there already".
func (server *apiServer) call(method, path string, body object) (object, int, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, 0, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, server.url+path, content)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+server.token)
	request.Header.Set("Content-Type", "application/json")
	reply, err := server.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer reply.Body.Close()
	found := object{}
	if err := json.NewDecoder(reply.Body).Decode(&found); err != nil {
		return nil, reply.StatusCode, err
	}
	if reply.StatusCode >= 300 && reply.StatusCode != http.StatusNotFound && reply.StatusCode != http.StatusConflict {
		return nil, reply.StatusCode, fmt.Errorf("%s %s: %v", method, path, found["message"])
	}
	return found, reply.StatusCode, nil
}

func (server *apiServer) reconcile(namespace string) error {
	list, _, err := server.call("GET", "/apis/"+group+"/namespaces/"+namespace+"/vernemqs", nil)
	if err != nil {
		return err
	}
	items, _ := list["items"].([]any)
	for _, item := range items {
		for _, made := range makes(item.(object)) {
			if err := server.createOrUpdate(made); err != nil {
				return err
			}
		}
		if err := server.listBrokers(item.(object)); err != nil {
			return err
		}
	}
	return nil
}

// createOrUpdate writes only what differs in a field that is stated: the server fills in the others.
func (server *apiServer) createOrUpdate(wanted object) error {
	meta := wanted["metadata"].(object)
	kind := wanted["kind"].(string)
	collection := map[string]string{
		"Service": "/api/v1/namespaces/%s/services", "Secret": "/api/v1/namespaces/%s/secrets",
		"Deployment": "/apis/apps/v1/namespaces/%s/deployments", "StatefulSet": "/apis/apps/v1/namespaces/%s/statefulsets",
	}[kind]
	collection = fmt.Sprintf(collection, meta["namespace"])
	found, status, err := server.call("GET", fmt.Sprintf("%s/%s", collection, meta["name"]), nil)
	if err != nil {
		return err
	}
	if status == http.StatusNotFound {
		log.Printf("done: created %s %s", kind, meta["name"])
		_, _, err := server.call("POST", collection, wanted)
		return err
	}
	if within(wanted, found) {
		return nil
	}
	log.Printf("done: updated %s %s", kind, meta["name"])
	meta["resourceVersion"] = found["metadata"].(object)["resourceVersion"]
	if spec, has := found["spec"].(object); has && kind == "Service" {
		wanted["spec"].(object)["clusterIP"] = spec["clusterIP"]
	}
	_, _, err = server.call("PUT", fmt.Sprintf("%s/%s", collection, meta["name"]), wanted)
	return err
}

// within: is all that is stated in one also in the other?
func within(stated, found any) bool {
	switch stated := stated.(type) {
	case object:
		other, same := found.(object)
		if !same {
			return len(stated) == 0 && found == nil
		}
		for key, value := range stated {
			if value != nil && !within(value, other[key]) {
				return false
			}
		}
		return true
	case []any:
		other, same := found.([]any)
		if !same || len(other) != len(stated) {
			return len(stated) == 0 && found == nil
		}
		for index := range stated {
			if !within(stated[index], other[index]) {
				return false
			}
		}
		return true
	default:
		return fmt.Sprint(stated) == fmt.Sprint(found)
	}
}

// normal form: what JSON makes of it, so that it can be compared.
func normal(value object) object {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	found := object{}
	if err := json.Unmarshal(text, &found); err != nil {
		panic(err)
	}
	return found
}

// names that follow from that of the VerneMQ object.
type names struct{ name, namespace string }

func (names names) brokers() string { return "vernemq-" + names.name }
func (names names) service() string { return names.brokers() + "-service" }
func (names names) bundler() string { return names.brokers() + "-vmq-bundler-service" }
func (names names) host() string {
	return fmt.Sprintf("%s.%s.svc.cluster.local", names.service(), names.namespace)
}
func (names names) labels() object { return object{"app": "vernemq", "vernemq": names.name} }

func namesOf(instance object) names {
	meta := instance["metadata"].(object)
	return names{meta["name"].(string), meta["namespace"].(string)}
}

func (names names) meta(name string, instance object, labels object) object {
	return object{
		"name": name, "namespace": names.namespace, "labels": labels,
		"ownerReferences": []any{object{
			"apiVersion": instance["apiVersion"], "kind": instance["kind"], "name": names.name,
			"uid": instance["metadata"].(object)["uid"], "controller": true, "blockOwnerDeletion": true,
		}},
	}
}

func makes(instance object) []object {
	names := namesOf(instance)
	spec := instance["spec"].(object)
	operated := object{"operated-vernemq": "true"}
	config, err := json.Marshal(spec["config"])
	if err != nil {
		panic(err)
	}
	found := []object{
		{
			"apiVersion": "v1", "kind": "Service", "metadata": names.meta(names.bundler(), instance, operated),
			"spec": object{
				"type": "ClusterIP", "selector": object{"app": "vmq-bundler"},
				"ports": []any{object{"name": "http", "port": 80, "targetPort": "http"}},
			},
		},
		{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": annotated(names.meta(names.brokers()+"-deployment", instance, nil), instance),
			"spec": object{
				"selector": object{"matchLabels": object{"app": "vmq-bundler"}},
				"template": object{
					"metadata": object{"labels": object{"app": "vmq-bundler"}},
					"spec": object{"containers": []any{object{
						"name": "vmq-bundler", "image": spec["bundlerImage"],
						"ports": []any{object{"name": "http", "containerPort": 80, "protocol": "TCP"}},
						"env":   []any{object{"name": "BUNDLER_CONFIG", "value": "{deps, []}."}, object{"name": "HTTP_PORT", "value": "80"}},
					}}},
				},
			},
		},
		{
			"apiVersion": "v1", "kind": "Service", "metadata": names.meta(names.service(), instance, operated),
			"spec": object{"clusterIP": "None", "selector": object{"app": "vernemq"}},
		},
		names.statefulSet(instance, spec),
		// A Secret is JSON where YAML is read: both are the same to a reader of YAML.
		{
			"apiVersion": "v1", "kind": "Secret", "metadata": names.meta("vernemq-yaml", instance, names.labels()),
			"type": "Opaque", "data": object{"config.yaml": base64.StdEncoding.EncodeToString(config)},
		},
	}
	for index := range found {
		found[index] = normal(found[index])
	}
	return found
}

const startBrokers = `
mkdir -p plugins && \
curl -L http://$VMQ_BUNDLER_HOST/bundle.tar.gz | tar xvz -C plugins && \
/vernemq/vmq_dojot.sh && \
eval "echo \"$(echo $VERNEMQ_CONF | base64 -d)\"" > /vernemq/etc/vernemq.conf && \
eval "echo \"$(echo $VM_ARGS | base64 -d)\"" > /vernemq/etc/vm.args && \
/vernemq/bin/vernemq console -noshell -noinput`

const erlang = `+P 256000
-env ERL_MAX_PORTS 262144
+A 64
-setcookie ${VMQ_DISTRIBUTED_COOKIE:-vmq}
-name vmq@$VMQ_NODENAME.$VMQ_HOSTNAME
`

func (names names) statefulSet(instance, spec object) object {
	seconds := grace
	if stated, has := spec["terminationGracePeriodSeconds"].(float64); has {
		seconds = stated
	}
	leave := fmt.Sprintf(`
vmq-admin cluster leave node=vmq@$VMQ_NODENAME.$VMQ_HOSTNAME && \
sleep 0 && \
vmq-admin cluster leave node=vmq@$VMQ_NODENAME.$VMQ_HOSTNAME --timeout=%d --kill_sessions
`, int(seconds))
	field := func(name, path string) object {
		return object{"name": name, "valueFrom": object{"fieldRef": object{"apiVersion": "v1", "fieldPath": path}}}
	}
	value := func(name, text string) object { return object{"name": name, "value": text} }
	own, _ := spec["vmqConfig"].(string)
	environment := []any{
		field("VMQ_NODENAME", "metadata.name"),
		value("VMQ_HOSTNAME", names.host()),
		value("VMQ_CONFIGMAP", "/vernemq/etc/configmaps//config.yaml"),
		value("VMQ_CLUSTERVIEW", "/vernemq/etc/configmaps//clusterview/vernemq.clusterview"),
		value("VMQ_BUNDLER_HOST", names.bundler()),
		value("VERNEMQ_CONF", base64.StdEncoding.EncodeToString([]byte(own))),
		value("VM_ARGS", base64.StdEncoding.EncodeToString([]byte(erlang))),
		object{"name": "ERLANG_SCHEDULERS", "valueFrom": object{"resourceFieldRef": object{
			"containerName": "vernemq", "resource": "requests.cpu", "divisor": "0",
		}}},
		field("MY_POD_IP", "status.podIP"),
	}
	// Of two variables with one name the last holds; the server keeps one of each.
	stated, _ := spec["env"].([]any)
	for _, entry := range stated {
		environment = replaced(environment, entry.(object))
	}
	probe := func(failures int) object {
		return object{
			"httpGet": object{"path": "/health", "port": 8888}, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": failures,
		}
	}
	volume := names.brokers() + "-db"
	volumes := []any{secretVolume("vernemq-yaml", "config.yaml"), secretVolume("vernemq-clusterview", "vernemq.clusterview")}
	data := object{"mountPath": "/vernemq/data"}
	storage, _ := spec["storage"].(object)
	var claims []any
	if template, has := storage["volumeClaimTemplate"].(object); has {
		meta, _ := template["metadata"].(object)
		if name, has := meta["name"].(string); has && name != "" {
			volume = name
		}
		claimed, _ := template["spec"].(object)
		claim := object{"accessModes": []any{"ReadWriteOnce"}}
		for key, value := range claimed {
			claim[key] = value
		}
		claims = []any{object{"metadata": object{"name": volume}, "spec": claim}}
	} else {
		volumes = append(volumes, object{"name": volume, "emptyDir": object{}})
	}
	data["name"] = volume
	if storage != nil {
		data["subPath"] = "vernemq-db"
	}
	image := fmt.Sprintf("%v:%v", spec["baseImage"], spec["version"])
	if tag, has := spec["tag"].(string); has && tag != "" {
		image = fmt.Sprintf("%v:%v", spec["baseImage"], tag)
	}
	if named, has := spec["image"].(string); has && named != "" {
		image = named
	}
	var ports []any
	for _, port := range []struct {
		name   string
		number int
	}{{"mqtt", 1883}, {"mqtts", 8883}, {"epmd", 4369}, {"vmq-cluster", 44053}, {"mqtt-ws", 8080}, {"http", 8888}} {
		ports = append(ports, object{"name": port.name, "containerPort": port.number, "protocol": "TCP"})
	}
	for port := 9100; port < 9110; port++ {
		ports = append(ports, object{"containerPort": port, "protocol": "TCP"})
	}
	pod := object{
		"containers": []any{object{
			"name": "vernemq", "image": image, "ports": ports, "command": []any{"/bin/sh", "-c", startBrokers},
			"volumeMounts": []any{
				data,
				object{"name": "vernemq-yaml", "mountPath": "/vernemq/etc/configmaps/"},
				object{"name": "vernemq-clusterview", "mountPath": "/vernemq/etc/configmaps//clusterview"},
			},
			"livenessProbe": probe(60), "readinessProbe": probe(120), "resources": spec["resources"],
			"securityContext": object{"runAsUser": 10000, "runAsGroup": 10000},
			"lifecycle":       object{"preStop": object{"exec": object{"command": []any{"/bin/sh", "-c", leave}}}},
			"env":             environment,
		}},
		"serviceAccountName": spec["serviceAccountName"], "terminationGracePeriodSeconds": seconds,
		"volumes": volumes,
	}
	for _, key := range []string{"securityContext", "affinity", "nodeSelector", "priorityClassName", "tolerations"} {
		if value, has := spec[key]; has {
			pod[key] = value
		}
	}
	found := object{
		"serviceName": names.service(), "replicas": spec["size"], "podManagementPolicy": "Parallel",
		"updateStrategy": object{"type": "RollingUpdate"},
		"selector":       object{"matchLabels": names.labels()},
		"template":       object{"metadata": object{"labels": names.labels()}, "spec": pod},
	}
	if claims != nil {
		found["volumeClaimTemplates"] = claims
	}
	return object{
		"apiVersion": "apps/v1", "kind": "StatefulSet",
		"metadata": annotated(names.meta(names.brokers(), instance, nil), instance), "spec": found,
	}
}

// annotated like its owner, Argo CD's annotations included: the operator copies them all.
func annotated(meta, instance object) object {
	meta["annotations"] = instance["metadata"].(object)["annotations"]
	return meta
}

func replaced(environment []any, entry object) []any {
	var kept []any
	for _, other := range environment {
		if other.(object)["name"] != entry["name"] {
			kept = append(kept, other)
		}
	}
	return append(kept, entry)
}

func secretVolume(name, key string) object {
	return object{"name": name, "secret": object{"secretName": name, "items": []any{object{"key": key, "path": key}}}}
}

// listBrokers writes whom there is into the Secret that the brokers read.
func (server *apiServer) listBrokers(instance object) error {
	names := namesOf(instance)
	query := "?labelSelector=app%3Dvernemq%2Cvernemq%3D" + names.name
	list, _, err := server.call("GET", "/api/v1/namespaces/"+names.namespace+"/pods"+query, nil)
	if err != nil {
		return err
	}
	var view strings.Builder
	pods, _ := list["items"].([]any)
	for _, pod := range pods {
		hostname, _ := pod.(object)["spec"].(object)["hostname"].(string)
		fmt.Fprintf(&view, "vmq@%s.%s;", hostname, names.host())
	}
	return server.createOrUpdate(normal(object{
		"apiVersion": "v1", "kind": "Secret", "metadata": names.meta("vernemq-clusterview", instance, names.labels()),
		"type": "Opaque", "data": object{"vernemq.clusterview": base64.StdEncoding.EncodeToString([]byte(view.String()))},
	}))
}
