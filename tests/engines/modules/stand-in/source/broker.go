package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	clusterPort = 44053
	// Erlang's port mapper and the first port of its distribution: brokers look for each other there.
	mapperPort, distributionPort = 4369, 9100
	// Client identifiers of messages that come from another broker; the second one's go to shared subscriptions, too.
	peer, peerShared = "peer", "peer-shared"
)

// broker stands in for VerneMQ with dojot's plugins: it reads the same files and variables, and joins the brokers of
// its cluster.
func broker([]string) error {
	contract, err := readContract()
	if err != nil {
		return err
	}
	if err := lowerFiles(); err != nil {
		return err
	}
	// Who looks for the Erlang VM looks for a process of this name.
	if err := os.WriteFile("/proc/self/comm", []byte("beam.smp"), 0); err != nil {
		return err
	}
	if err := contract.start(); err != nil {
		return err
	}
	settings, err := readSettings("/vernemq/etc/vernemq.conf")
	if err != nil {
		return err
	}
	if path := settings["plugins.vmq_k8s.path"]; settings["plugins.vmq_k8s"] == "on" {
		if _, err := os.Stat(filepath.Join(path, "lib/vmq_k8s/ebin/vmq_k8s.app")); err != nil {
			return fmt.Errorf("cannot start the plugin vmq_k8s: %w", err)
		}
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	node := &node{settings: settings, server: mochi.New(&mochi.Options{Logger: quiet}), peers: map[string]*peerLink{}, forgotten: map[string]time.Time{}, gone: make(chan struct{})}
	node.cookie = environment("VMQ_DISTRIBUTED_COOKIE", "vmq")
	node.inline = map[string]*mochi.Client{
		peer:       node.server.NewClient(nil, "local", peer, true),
		peerShared: node.server.NewClient(nil, "local", peerShared, true),
	}
	if err := node.server.AddHook(&hook{node: node}, nil); err != nil {
		return err
	}
	if err := node.server.Serve(); err != nil {
		return err
	}
	failed := make(chan error)
	if err := node.listen(failed); err != nil {
		return err
	}
	go node.join()
	go contract.writeLater()
	log.Printf("done: broker of %s as user %d", contract.Image, os.Getuid())
	select {
	case err := <-failed:
		return err
	case <-contract.signals():
	case <-node.gone:
	}
	return node.server.Close()
}

// lowerFiles gives back the limit of open files with which the container was started: Go raises it for itself, and
// Erlang takes it as it is.
func lowerFiles() error {
	text := os.Getenv("STAND_IN_FILES")
	if text == "" || text == "unlimited" {
		return nil
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("STAND_IN_FILES: %w", err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = number
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// readSettings of a file of lines `name = value`; of two lines with one name the last holds.
func readSettings(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, line := range strings.Split(string(content), "\n") {
		if name, value, pair := strings.Cut(line, "="); pair && !strings.HasPrefix(line, "#") {
			found[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return found, nil
}

type node struct {
	settings        map[string]string
	server          *mochi.Server
	cookie          string
	inline          map[string]*mochi.Client
	opened, closed  atomic.Int64
	connects        atomic.Int64
	received, sent  atomic.Int64
	split, resolved atomic.Int64
	lock            sync.Mutex
	peers           map[string]*peerLink
	names           map[string]bool
	// Hosts of brokers that have left -> when.
	forgotten map[string]time.Time
	// Closed once this one has left.
	gone chan struct{}
}

// peerLink is a connection to another broker.
type peerLink struct {
	lock       sync.Mutex
	connection net.Conn
	encoder    *json.Encoder
}

// forwarded is a message on its way to another broker.
type forwarded struct {
	Cookie, Topic string
	Payload       []byte
	Qos           byte
	Retain        bool
	Shared        bool
}

func (node *node) listen(failed chan error) error {
	// The custom resource's listeners, which the plugin vmq_k8s applies.
	if err := node.plain("0.0.0.0:1883", failed); err != nil {
		return err
	}
	sockets := listeners.NewWebsocket(listeners.Config{ID: "ws", Address: "0.0.0.0:1888"})
	if err := node.server.AddListener(sockets); err != nil {
		return err
	}
	go sockets.Serve(node.server.EstablishConnection)
	if address := node.settings["listener.ssl.default"]; address != "" {
		if err := node.secret(address, failed); err != nil {
			return err
		}
	}
	if address := node.settings["listener.vmq.clustering"]; address != "" {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		go node.accept(listener, node.hear, failed)
	}
	for _, port := range []int{mapperPort, distributionPort} {
		listener, err := listenOn(port)
		if err != nil {
			return err
		}
		go node.accept(listener, func(connection net.Conn) { connection.Close() }, failed)
	}
	address := node.settings["listener.http.default"]
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() { failed <- http.Serve(listener, node.pages()) }()
	return nil
}

func (node *node) plain(address string, failed chan error) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go node.accept(listener, func(connection net.Conn) { node.session("tcp", connection) }, failed)
	return nil
}

func (node *node) secret(address string, failed chan error) error {
	file := func(name string) string { return node.settings["listener.ssl.default."+name] }
	// The files may be renewed while it runs.
	settings := func(*tls.ClientHelloInfo) (*tls.Config, error) {
		own, err := tls.LoadX509KeyPair(file("certfile"), file("keyfile"))
		if err != nil {
			return nil, err
		}
		authority, err := os.ReadFile(file("cafile"))
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority)
		found := &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: roots}
		if file("require_certificate") == "on" {
			found.ClientAuth = tls.RequireAndVerifyClientCert
			found.VerifyPeerCertificate = notRevoked(file("crlfile"))
		}
		return found, nil
	}
	if _, err := settings(nil); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	secured := &tls.Config{GetConfigForClient: settings}
	go node.accept(listener, func(connection net.Conn) {
		session := tls.Server(connection, secured)
		connection.SetDeadline(time.Now().Add(time.Minute))
		if err := session.Handshake(); err != nil {
			log.Printf("failed: TLS with %s: %v", connection.RemoteAddr(), err)
			connection.Close()
			return
		}
		connection.SetDeadline(time.Time{})
		node.session("ssl", session)
	}, failed)
	return nil
}

func notRevoked(file string) func([][]byte, [][]*x509.Certificate) error {
	return func(_ [][]byte, chains [][]*x509.Certificate) error {
		if file == "" {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		block, _ := pem.Decode(content)
		if block == nil {
			return errors.New("the list of revoked certificates is none")
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return err
		}
		for _, revoked := range list.RevokedCertificateEntries {
			if revoked.SerialNumber.Cmp(chains[0][0].SerialNumber) == 0 {
				return errors.New("the certificate is revoked")
			}
		}
		return nil
	}
}

// accept goes on when there are no files left: it takes the next connection as soon as one is.
func (node *node) accept(listener net.Listener, each func(net.Conn), failed chan error) {
	for {
		connection, err := listener.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE):
			log.Printf("failed: %v", err)
			time.Sleep(time.Second)
		case err != nil:
			failed <- err
			return
		default:
			go each(connection)
		}
	}
}

func (node *node) session(listener string, connection net.Conn) {
	node.opened.Add(1)
	defer node.closed.Add(1)
	node.server.EstablishConnection(listener, connection)
}

// pages are those of VerneMQ's HTTP listener.
func (node *node) pages() http.Handler {
	paths := http.NewServeMux()
	node.clusterPages(paths)
	paths.HandleFunc("GET /health", func(writer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(writer, `{"status":"OK"}`)
	})
	paths.HandleFunc("GET /metrics", func(writer http.ResponseWriter, _ *http.Request) {
		self := fmt.Sprintf(`{node="vmq@%s.%s"}`, os.Getenv("VMQ_NODENAME"), os.Getenv("VMQ_HOSTNAME"))
		for _, metric := range []struct {
			name string
			kind string
			is   int64
		}{
			{"socket_open", "counter", node.opened.Load()},
			{"socket_close", "counter", node.closed.Load()},
			{"mqtt_connect_received", "counter", node.connects.Load()},
			{"mqtt_publish_received", "counter", node.received.Load()},
			{"mqtt_publish_sent", "counter", node.sent.Load()},
			{"queue_message_in", "counter", node.received.Load()},
			{"queue_message_out", "counter", node.sent.Load()},
			{"queue_message_drop", "counter", node.server.Info.MessagesDropped},
			{"queue_processes", "gauge", int64(node.server.Clients.Len())},
			{"netsplit_detected", "counter", node.split.Load()},
			{"netsplit_resolved", "counter", node.resolved.Load()},
			{"system_utilization", "gauge", 1},
			{"vm_memory_total", "gauge", memory()},
		} {
			fmt.Fprintf(writer, "# TYPE %s %s\n%s%s %d\n", metric.name, metric.kind, metric.name, self, metric.is)
		}
	})
	return paths
}

func memory() int64 {
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(content))
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// join keeps a link to each broker that the operator lists.
func (node *node) join() {
	for ; ; time.Sleep(2 * time.Second) {
		content, err := os.ReadFile(os.Getenv("VMQ_CLUSTERVIEW"))
		if err != nil {
			continue
		}
		for _, name := range strings.Split(strings.TrimSpace(string(content)), ";") {
			_, host, found := strings.Cut(name, "@")
			if !found || host == node.own() {
				continue
			}
			node.link(host)
		}
	}
}

func (node *node) link(host string) {
	node.lock.Lock()
	_, linked := node.peers[host]
	leaving := time.Since(node.forgotten[host]) < forgottenFor
	node.lock.Unlock()
	if linked || leaving {
		return
	}
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(clusterPort)), callTimeout)
	if err != nil {
		return
	}
	log.Printf("done: joined %s", host)
	node.lock.Lock()
	if node.names == nil {
		node.names = map[string]bool{}
	}
	if node.names[host] {
		node.resolved.Add(1)
	}
	node.names[host] = true
	node.peers[host] = &peerLink{connection: connection, encoder: json.NewEncoder(connection)}
	node.lock.Unlock()
	// The other side sends nothing here: an end is all that can be read.
	go func() {
		io.Copy(io.Discard, connection)
		connection.Close()
		node.lock.Lock()
		defer node.lock.Unlock()
		// One that has left is not lost.
		if node.names[host] {
			log.Printf("failed: lost %s", host)
			node.split.Add(1)
			delete(node.peers, host)
		}
	}()
}

// hear takes messages from another broker that knows the cookie.
func (node *node) hear(connection net.Conn) {
	defer connection.Close()
	decoder := json.NewDecoder(bufio.NewReader(connection))
	for {
		var message forwarded
		if err := decoder.Decode(&message); err != nil {
			return
		}
		if message.Cookie != node.cookie {
			log.Printf("failed: %s has another cookie", connection.RemoteAddr())
			return
		}
		from := peer
		if message.Shared {
			from = peerShared
		}
		node.server.InjectPacket(node.inline[from], packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: message.Qos, Retain: message.Retain},
			TopicName:   message.Topic,
			Payload:     message.Payload,
			PacketID:    uint16(message.Qos),
		})
	}
}

// forward a message to the other brokers: of a shared subscription only one broker serves a member, this one if it can.
func (node *node) forward(packet packets.Packet) {
	shared := len(node.members(node.server.Topics.Subscribers(packet.TopicName))) == 0
	node.lock.Lock()
	defer node.lock.Unlock()
	for _, link := range node.peers {
		link.lock.Lock()
		err := link.encoder.Encode(forwarded{
			node.cookie, packet.TopicName, packet.Payload, packet.FixedHeader.Qos, packet.FixedHeader.Retain, shared,
		})
		link.lock.Unlock()
		if err == nil {
			shared = false
		}
	}
}

// members of shared subscriptions who are connected, by group.
func (node *node) members(subscribers *mochi.Subscribers) map[string]map[string]packets.Subscription {
	found := map[string]map[string]packets.Subscription{}
	for group, members := range subscribers.Shared {
		for id, subscription := range members {
			if client, known := node.server.Clients.Get(id); known && !client.Closed() {
				found[group] = map[string]packets.Subscription{id: subscription}
				break
			}
		}
	}
	return found
}

type hook struct {
	mochi.HookBase
	node *node
}

func (hook *hook) ID() string { return "dojot" }

func (hook *hook) Provides(what byte) bool {
	switch what {
	case mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSelectSubscribers, mochi.OnPublished, mochi.OnPacketSent, mochi.OnSessionEstablished:
		return true
	}
	return false
}

// OnConnectAuthenticate: everybody may connect; behind a certificate the name is the certificate's.
func (hook *hook) OnConnectAuthenticate(client *mochi.Client, _ packets.Packet) bool {
	hook.node.connects.Add(1)
	if session, secret := client.Net.Conn.(*tls.Conn); secret && hook.node.settings["listener.ssl.default.use_identity_as_username"] == "on" {
		certificates := session.ConnectionState().PeerCertificates
		if len(certificates) == 0 {
			return false
		}
		client.Properties.Username = []byte(certificates[0].Subject.CommonName)
	}
	return true
}

// OnSessionEstablished ends a session that has lasted as long as the plugin for that allows.
func (hook *hook) OnSessionEstablished(client *mochi.Client, _ packets.Packet) {
	lifetime, err := strconv.Atoi(os.Getenv("PLUGIN_DISC_LIFETIME_SESSION"))
	if err == nil && lifetime > 0 && !strings.Contains(string(client.Properties.Username), "-bridge") {
		time.AfterFunc(time.Duration(lifetime)*time.Millisecond, func() { client.Stop(errors.New("its lifetime is over")) })
	}
}

// OnACLCheck: a device has two topics of its own; the bridges read what all send, and send to all.
func (hook *hook) OnACLCheck(client *mochi.Client, topic string, write bool) bool {
	user := string(client.Properties.Username)
	levels := append(strings.Split(topic, "/"), "", "")
	if write {
		if strings.Contains(user, environment("PLUGIN_ACL_K2V_SERVICENAME", "k2v-bridge")) {
			return levels[1] == "config"
		}
		return levels[0] == user && levels[1] == "attrs"
	}
	return strings.Contains(user, environment("PLUGIN_ACL_V2K_SERVICENAME", "v2k-bridge")) || (levels[0] == user && levels[1] == "config")
}

func (hook *hook) OnSelectSubscribers(subscribers *mochi.Subscribers, packet packets.Packet) *mochi.Subscribers {
	if packet.Origin == peer {
		subscribers.Shared = nil
		return subscribers
	}
	if connected := hook.node.members(subscribers); len(connected) > 0 {
		subscribers.Shared = connected
	}
	return subscribers
}

func (hook *hook) OnPublished(client *mochi.Client, packet packets.Packet) {
	if client.Net.Inline {
		return
	}
	hook.node.received.Add(1)
	hook.node.forward(packet)
}

func (hook *hook) OnPacketSent(_ *mochi.Client, packet packets.Packet, _ []byte) {
	if packet.FixedHeader.Type == packets.Publish {
		hook.node.sent.Add(1)
	}
}
