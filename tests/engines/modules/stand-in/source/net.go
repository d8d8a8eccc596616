package main

import (
	"net"
	"strconv"
)

func listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
}
