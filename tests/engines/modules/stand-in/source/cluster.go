package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// How long the brokers do not call one that has left, which goes on for a moment.
const forgottenFor = 5 * time.Second

const left = "Done"

// clusterPages answer as `vmq-admin cluster` does (vmq_server_cli.erl of VerneMQ 1.10.0): whom there is, and how one leaves.
func (node *node) clusterPages(paths *http.ServeMux) {
	paths.HandleFunc("GET /cluster/show", func(writer http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(writer).Encode(map[string]any{"type": "table", "table": node.show()})
	})
	paths.HandleFunc("POST /cluster/leave", func(writer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		fmt.Fprintln(writer, node.leave(query.Get("node"), query.Has("kill_sessions")))
	})
	paths.HandleFunc("POST /cluster/forget", func(_ http.ResponseWriter, request *http.Request) {
		node.forget(request.URL.Query().Get("node"))
	})
}

func (node *node) own() string {
	return os.Getenv("VMQ_NODENAME") + "." + os.Getenv("VMQ_HOSTNAME")
}

type member struct {
	Node    string
	Running bool
}

// show: this broker, and each that it has ever joined and that has not left since.
func (node *node) show() []member {
	node.lock.Lock()
	defer node.lock.Unlock()
	found := []member{{"vmq@" + node.own(), true}}
	for host := range node.names {
		_, linked := node.peers[host]
		found = append(found, member{"vmq@" + host, linked})
	}
	return found
}

// leave: one that runs closes its sessions, goes out of the others' memory and ends; one that is down is only forgotten.
func (node *node) leave(name string, kill bool) string {
	others := slices.DeleteFunc(node.show(), func(one member) bool { return !one.Running || one.Node == "vmq@"+node.own() })
	runs := slices.ContainsFunc(node.show(), func(one member) bool { return one.Node == name && one.Running })
	switch {
	case runs && !kill:
		return "Done! Use -k to teardown and migrate existing sessions!"
	case runs && name != "vmq@"+node.own():
		return node.tell(name, "leave", name)
	}
	for _, other := range others {
		if said := node.tell(other.Node, "forget", name); said != "" {
			return said
		}
	}
	if !runs {
		node.forget(name)
		return left
	}
	for _, client := range node.server.Clients.GetAll() {
		client.Stop(fmt.Errorf("the broker leaves"))
	}
	// Behind the answer.
	time.AfterFunc(time.Second, func() { close(node.gone) })
	return left
}

// tell another broker of a third one, or of itself; what it says, or why it does not.
func (node *node) tell(name, what, whom string) string {
	host := name[len("vmq@"):]
	client := http.Client{Timeout: callTimeout}
	answer, err := client.Post(fmt.Sprintf("http://%s:8888/cluster/%s?kill_sessions&node=%s", host, what, url.QueryEscape(whom)), "", nil)
	if err != nil {
		return fmt.Sprintf("error, %v", err)
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	return strings.TrimSpace(string(said))
}

func (node *node) forget(name string) {
	host := name[len("vmq@"):]
	node.lock.Lock()
	defer node.lock.Unlock()
	node.forgotten[host] = time.Now()
	delete(node.names, host)
	if link, linked := node.peers[host]; linked {
		delete(node.peers, host)
		link.connection.Close()
	}
}
