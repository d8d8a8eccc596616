// flannel: the CNI plugin of the same name, as its documentation describes it. It turns what flanneld knows of this
// node (subnet.env) into the configuration of the plugin `bridge`, and lets that do the work. What it has handed on is
// kept, so that a pod is taken down as it was set up.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	subnetFile = "/run/flannel/subnet.env"
	kept       = "/var/lib/cni/flannel"
)

type document = map[string]any

func main() {
	err := serve(os.Getenv("CNI_COMMAND"))
	if err == nil {
		return
	}
	var code *exec.ExitError
	if errors.As(err, &code) {
		// The other plugin has said what is wrong.
		os.Exit(code.ExitCode())
	}
	_ = json.NewEncoder(os.Stdout).Encode(document{"cniVersion": "0.3.1", "code": 100, "msg": err.Error()})
	os.Exit(1)
}

func serve(command string) error {
	if command == "VERSION" {
		return json.NewEncoder(os.Stdout).Encode(
			document{"cniVersion": "1.0.0", "supportedVersions": []string{"0.3.0", "0.3.1", "0.4.0", "1.0.0"}})
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	note := filepath.Join(kept, os.Getenv("CNI_CONTAINERID"))
	switch command {
	case "ADD":
		made, err := delegate(input)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(kept, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(note, made, 0o600); err != nil {
			return err
		}
		return handOn(made)
	case "DEL":
		made, err := os.ReadFile(note)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		if err := handOn(made); err != nil {
			return err
		}
		return os.Remove(note)
	case "CHECK", "STATUS", "GC":
		return nil
	}
	return fmt.Errorf("CNI_COMMAND is %q", command)
}

// delegate gives the configuration of the plugin that does the work.
func delegate(input []byte) ([]byte, error) {
	var network struct {
		Name          string   `json:"name"`
		CNIVersion    string   `json:"cniVersion"`
		SubnetFile    string   `json:"subnetFile"`
		RuntimeConfig document `json:"runtimeConfig"`
		Delegate      document `json:"delegate"`
	}
	if err := json.Unmarshal(input, &network); err != nil {
		return nil, err
	}
	if network.SubnetFile == "" {
		network.SubnetFile = subnetFile
	}
	node, err := settings(network.SubnetFile)
	if err != nil {
		return nil, err
	}
	mtu, err := strconv.Atoi(node["FLANNEL_MTU"])
	if err != nil {
		return nil, fmt.Errorf("%s: FLANNEL_MTU: %w", network.SubnetFile, err)
	}
	// There it is the address of the bridge, with the length of the mask.
	subnet, err := netip.ParsePrefix(node["FLANNEL_SUBNET"])
	if err != nil {
		return nil, fmt.Errorf("%s: FLANNEL_SUBNET: %w", network.SubnetFile, err)
	}
	made := network.Delegate
	if made == nil {
		made = document{}
	}
	made["name"], made["cniVersion"] = network.Name, network.CNIVersion
	preset(made, "type", "bridge")
	preset(made, "mtu", mtu)
	// Either flanneld masquerades or the bridge does.
	preset(made, "ipMasq", node["FLANNEL_IPMASQ"] != "true")
	if made["type"] == "bridge" {
		preset(made, "isGateway", true)
	}
	made["ipam"] = document{
		"type":   "host-local",
		"ranges": [][]document{{{"subnet": subnet.Masked().String()}}},
		"routes": []document{{"dst": node["FLANNEL_NETWORK"]}},
	}
	if network.RuntimeConfig != nil {
		made["runtimeConfig"] = network.RuntimeConfig
	}
	return json.Marshal(made)
}

func preset(made document, key string, value any) {
	if _, there := made[key]; !there {
		made[key] = value
	}
}

func settings(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		found[name] = value
	}
	return found, nil
}

// handOn starts the other plugin with this environment: its output is ours.
func handOn(configuration []byte) error {
	var named struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(configuration, &named); err != nil {
		return err
	}
	for _, folder := range filepath.SplitList(os.Getenv("CNI_PATH")) {
		program := filepath.Join(folder, named.Type)
		if _, err := os.Stat(program); err != nil {
			continue
		}
		plugin := exec.Command(program)
		plugin.Stdin, plugin.Stdout, plugin.Stderr = bytes.NewReader(configuration), os.Stdout, os.Stderr
		return plugin.Run()
	}
	return fmt.Errorf("no plugin %s in CNI_PATH", named.Type)
}
