package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
)

// What a broker unpacks, and looks for when it starts its plugin.
const bundledPlugin = "_build/default/lib/vmq_k8s/ebin/vmq_k8s.app"

// bundler stands in for the operator's image of plugins: an HTTP server of one archive.
func bundler([]string) error {
	content := []byte("{application, vmq_k8s, []}.\n")
	var archive bytes.Buffer
	packed := gzip.NewWriter(&archive)
	files := tar.NewWriter(packed)
	if err := files.WriteHeader(&tar.Header{Name: bundledPlugin, Mode: 0o644, Size: int64(len(content))}); err != nil {
		return err
	}
	if _, err := files.Write(content); err != nil {
		return err
	}
	if err := files.Close(); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	port, err := strconv.Atoi(environment("HTTP_PORT", "80"))
	if err != nil {
		return err
	}
	listener, err := listenOn(port)
	if err != nil {
		return err
	}
	return http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/bundle.tar.gz" {
			http.NotFound(writer, request)
			return
		}
		writer.Header().Set("Content-Type", "application/gzip")
		writer.Write(archive.Bytes())
	}))
}
