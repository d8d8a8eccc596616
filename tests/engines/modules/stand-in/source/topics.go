package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Topics that no variable says otherwise of get this many partitions.
const partitions = 9

// topics answers as data-broker does: a tenant's topic of a subject, which it makes where it is not there yet.
func (contract *Contract) topics() http.Handler {
	var lock sync.Mutex
	made := map[string]bool{}
	paths := http.NewServeMux()
	paths.HandleFunc("GET /topic/{subject}", func(writer http.ResponseWriter, request *http.Request) {
		tenant, err := tenantOf(request)
		if err != nil {
			answer(writer, http.StatusUnauthorized, map[string]string{"message": err.Error()})
			return
		}
		if request.URL.Query().Get("global") == "true" {
			tenant = "dojot-management"
		}
		topic := tenant + "." + request.PathValue("subject")
		lock.Lock()
		defer lock.Unlock()
		// Without Kafka it keeps who asks without an answer.
		for !made[topic] {
			if err := makeTopic(topic); err != nil {
				log.Printf("failed: topic %s: %v", topic, err)
				time.Sleep(retry)
				continue
			}
			made[topic] = true
		}
		answer(writer, http.StatusOK, map[string]string{"topic": topic})
	})
	paths.HandleFunc("/", func(writer http.ResponseWriter, _ *http.Request) {
		answer(writer, http.StatusNotFound, map[string]string{"stand-in": contract.Image})
	})
	return paths
}

func makeTopic(name string) error {
	limit, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(environment("KAFKA_HOSTS", "kafka:9092")))
	if err != nil {
		return err
	}
	defer client.Close()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic = name
	topic.NumPartitions = number("KAFKA_NUM_PARTITIONS", partitions)
	topic.ReplicationFactor = int16(number("KAFKA_REPLICATION_FACTOR", 1))
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Topics = append(request.Topics, topic)
	reply, err := request.RequestWith(limit, client)
	if err != nil {
		return err
	}
	for _, one := range reply.Topics {
		if err := kerr.ErrorForCode(one.ErrorCode); err != nil && err != kerr.TopicAlreadyExists {
			return err
		}
	}
	return nil
}

func number(variable string, otherwise int32) int32 {
	found, err := strconv.ParseInt(os.Getenv(variable), 10, 32)
	if err != nil {
		return otherwise
	}
	return int32(found)
}
