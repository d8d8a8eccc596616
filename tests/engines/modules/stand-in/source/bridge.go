package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// Where the bridges' images say whether they live and are ready.
	healthPort = 9000
	// A Kafka client looks this often whether there are new topics.
	newTopics = 10 * time.Second
)

// bridge v2k|k2v stands in for the bridges between MQTT and Kafka: devices' messages into <tenant>.device-data, and
// actuations of <tenant>.dojot.device-manager.device to the devices.
func bridge(arguments []string) error {
	if len(arguments) != 1 || (arguments[0] != "v2k" && arguments[0] != "k2v") {
		return ended{errors.New("usage: stand-in bridge v2k|k2v"), 2}
	}
	contract, err := readContract()
	if err != nil {
		return err
	}
	bridge := &connection{kind: arguments[0], prefix: strings.ToUpper(arguments[0])}
	if err := bridge.reachKafka(); err != nil {
		return err
	}
	if err := contract.start(); err != nil {
		return err
	}
	name := environment(bridge.prefix+"_APP_HOSTNAME", environment("HOSTNAME", bridge.kind+"-bridge"))
	folder := filepath.Join(environment(bridge.prefix+"_APP_BASEDIR", "/opt/"+bridge.kind+"_bridge"), "app", "cert")
	address := environment(bridge.prefix+"_APP_EJBCA_ADDRESS", "x509-identity-mgmt:3000")
	if err := certificates([]string{"--address", address, "--folder", folder, "--name", name}); err != nil {
		return err
	}
	listener, err := listenOn(healthPort)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, bridge.health()) }()
	signals := contract.signals()
	if err := bridge.connect(name, folder, failed); err != nil {
		return err
	}
	log.Printf("done: %s started as %s", contract.Image, name)
	go contract.writeLater()
	select {
	case err := <-failed:
		return err
	case <-signals:
		bridge.mqtt.Disconnect(250)
		bridge.kafka.Close()
		return nil
	}
}

type connection struct {
	kind, prefix string
	ready        atomic.Bool
	mqtt         mqtt.Client
	kafka        *kgo.Client
}

func (bridge *connection) brokers() []string {
	section := map[string]string{"v2k": "PRODUCER", "k2v": "CONSUMER"}[bridge.kind]
	return strings.Split(environment(bridge.prefix+"_"+section+"_METADATA_BROKER_LIST", "kafka-server:9092"), ",")
}

// reachKafka as the start script does: three times, three seconds apart.
func (bridge *connection) reachKafka() error {
	for range 3 {
		for _, address := range bridge.brokers() {
			connection, err := net.DialTimeout("tcp", address, callTimeout)
			if err == nil {
				return connection.Close()
			}
			log.Printf("waiting: %s: %v", address, err)
		}
		time.Sleep(3 * time.Second)
	}
	return errors.New("no Kafka broker answers")
}

// health as the library of dojot's services has it: alive as long as it runs, ready while both sides are connected.
func (bridge *connection) health() http.Handler {
	paths := http.NewServeMux()
	paths.HandleFunc("GET /live", func(writer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(writer, "SERVER_IS_NOT_SHUTTING_DOWN")
	})
	ready := func(writer http.ResponseWriter, _ *http.Request) {
		if !bridge.ready.Load() {
			writer.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(writer, "SERVER_IS_NOT_READY")
			return
		}
		fmt.Fprint(writer, "SERVER_IS_READY")
	}
	paths.HandleFunc("GET /ready", ready)
	paths.HandleFunc("GET /health", ready)
	return paths
}

func (bridge *connection) connect(name, folder string, failed chan error) error {
	options := []kgo.Opt{kgo.SeedBrokers(bridge.brokers()...), kgo.ClientID(name), kgo.MetadataMaxAge(newTopics)}
	if bridge.kind == "k2v" {
		options = append(options,
			kgo.ConsumeRegex(),
			kgo.ConsumeTopics(`^.+\.dojot\.device-manager\.device$`),
			kgo.ConsumerGroup(environment("K2V_CONSUMER_GROUP_ID", "k2v-bridge-group-id")),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		)
	} else {
		options = append(options, kgo.AllowAutoTopicCreation(), kgo.ProducerBatchCompression(kgo.GzipCompression()))
	}
	var err error
	if bridge.kafka, err = kgo.NewClient(options...); err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := bridge.kafka.Ping(limit); err != nil {
		return err
	}
	server := net.JoinHostPort(environment(bridge.prefix+"_MQTT_HOST", "vernemq-k8s"), environment(bridge.prefix+"_MQTT_PORT", "8883"))
	secret, err := clientTLS(name, folder)
	if err != nil {
		return err
	}
	bridge.mqtt = mqtt.NewClient(mqtt.NewClientOptions().
		AddBroker("ssl://" + server).
		SetTLSConfig(secret).
		SetClientID(environment(bridge.prefix+"_MQTT_CLIENT_ID", name)).
		SetUsername(name).
		SetCleanSession(false).
		SetConnectRetry(true).
		SetConnectRetryInterval(time.Second).
		SetMaxReconnectInterval(time.Second).
		SetOnConnectHandler(func(client mqtt.Client) { bridge.connected(client, failed) }).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			log.Printf("failed: MQTT: %v", err)
			bridge.ready.Store(false)
		}))
	bridge.mqtt.Connect()
	if bridge.kind == "k2v" {
		go bridge.consume()
	}
	return nil
}

func clientTLS(name, folder string) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(filepath.Join(folder, name+".crt"), filepath.Join(folder, name+".key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: roots}, nil
}

func (bridge *connection) connected(client mqtt.Client, failed chan error) {
	log.Print("done: connected to MQTT")
	if bridge.kind == "v2k" {
		topic := environment("V2K_SUBSCRIPTION_TOPIC", "$share/group/+/attrs")
		waited := client.Subscribe(topic, 1, func(_ mqtt.Client, message mqtt.Message) { bridge.produce(message) })
		if waited.Wait(); waited.Error() != nil {
			failed <- waited.Error()
			return
		}
	}
	bridge.ready.Store(true)
}

// produce a device's message: the topic begins with tenant:device.
func (bridge *connection) produce(message mqtt.Message) {
	if message.Duplicate() {
		return
	}
	user, _, _ := strings.Cut(message.Topic(), "/")
	tenant, device, _ := strings.Cut(user, ":")
	if !json.Valid(message.Payload()) {
		log.Printf("failed: a message of %s is no JSON", user)
		return
	}
	value, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"deviceid": device, "tenant": tenant, "timestamp": time.Now().UnixMilli()},
		"attrs":    json.RawMessage(message.Payload()),
	})
	if err != nil {
		log.Printf("failed: %v", err)
		return
	}
	record := &kgo.Record{Topic: tenant + ".device-data", Key: []byte(tenant + ":" + device), Value: value}
	bridge.kafka.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
		if err != nil {
			log.Printf("failed: %s: %v", record.Topic, err)
		}
	})
}

func (bridge *connection) consume() {
	for {
		fetched := bridge.kafka.PollFetches(context.Background())
		if fetched.IsClientClosed() {
			return
		}
		fetched.EachError(func(topic string, _ int32, err error) { log.Printf("failed: %s: %v", topic, err) })
		fetched.EachRecord(func(record *kgo.Record) {
			var event struct {
				Meta struct{ Service string }
				Data struct {
					ID    string
					Attrs json.RawMessage
				}
			}
			if err := json.Unmarshal(record.Value, &event); err != nil {
				log.Printf("failed: %s: %v", record.Topic, err)
				return
			}
			bridge.mqtt.Publish(fmt.Sprintf("%s:%s/config", event.Meta.Service, event.Data.ID), 1, false, []byte(event.Data.Attrs))
		})
	}
}
