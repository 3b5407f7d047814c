// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package settings reads what K3s is told: config.yaml(.d), environment, flags, token.
package settings

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// Settings is the part of K3s' configuration that the stand-in honours.
type Settings struct {
	Server              string   `json:"server"`
	ClusterInit         bool     `json:"cluster-init"`
	Token               string   `json:"token"`
	TokenFile           string   `json:"token-file"`
	NodeName            string   `json:"node-name"`
	NodeIP              string   `json:"node-ip"`
	NodeLabel           []string `json:"node-label"`
	NodeTaint           []string `json:"node-taint"`
	TLSSAN              []string `json:"tls-san"`
	DataDir             string   `json:"data-dir"`
	WriteKubeconfigMode string   `json:"write-kubeconfig-mode"`

	// What every server must share, see Critical.
	ClusterCIDR            string   `json:"cluster-cidr"`
	ServiceCIDR            string   `json:"service-cidr"`
	ClusterDNS             string   `json:"cluster-dns"`
	ClusterDomain          string   `json:"cluster-domain"`
	FlannelBackend         string   `json:"flannel-backend"`
	EgressSelectorMode     string   `json:"egress-selector-mode"`
	DisableKubeProxy       bool     `json:"disable-kube-proxy"`
	DisableNetworkPolicy   bool     `json:"disable-network-policy"`
	DisableCloudController bool     `json:"disable-cloud-controller"`
	DisableHelmController  bool     `json:"disable-helm-controller"`
	EmbeddedRegistry       bool     `json:"embedded-registry"`
	SecretsEncryption      bool     `json:"secrets-encryption"`
	Disable                []string `json:"disable"`
}

// Strings, Bools and Lists name the options by type; they are flags, and keys of the configuration file.
var (
	Strings = []string{"server", "token", "token-file", "node-name", "node-ip", "data-dir", "write-kubeconfig-mode",
		"cluster-cidr", "service-cidr", "cluster-dns", "cluster-domain", "flannel-backend", "egress-selector-mode"}
	Bools = []string{"cluster-init", "disable-kube-proxy", "disable-network-policy", "disable-cloud-controller",
		"disable-helm-controller", "embedded-registry", "secrets-encryption"}
	Lists = []string{"node-label", "node-taint", "tls-san", "disable"}
)

var environment = map[string]string{
	"server": "K3S_URL", "token": "K3S_TOKEN", "token-file": "K3S_TOKEN_FILE",
	"node-name": "K3S_NODE_NAME", "data-dir": "K3S_DATA_DIR", "write-kubeconfig-mode": "K3S_KUBECONFIG_MODE",
}

// Load merges environment < configuration files < flags, as K3s does.
func Load(path string, flags map[string]any) (*Settings, error) {
	merged := map[string]any{}
	for key, name := range environment {
		if value := os.Getenv(name); value != "" {
			merged[key] = value
		}
	}
	drops, _ := filepath.Glob(path + ".d/*.yaml") // sorted
	for _, file := range append([]string{path}, drops...) {
		raw, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		values := map[string]any{}
		if err := yaml.Unmarshal(raw, &values); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		merge(merged, values)
	}
	for key, value := range flags {
		merged[key] = value
	}
	s, err := decode(merged)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, s.complete()
}

// merge lets the last file win; a key ending in + appends to the list before it.
func merge(into, values map[string]any) {
	for key, value := range values {
		if plain, appends := strings.CutSuffix(key, "+"); appends {
			into[plain] = append(asList(into[plain]), asList(value)...)
		} else {
			into[key] = value
		}
	}
}

func decode(values map[string]any) (*Settings, error) {
	typed := map[string]any{}
	for _, key := range Strings {
		if value, set := values[key]; set {
			typed[key] = strings.Join(asList(value), ",")
		}
	}
	for _, key := range Bools {
		if value, set := values[key]; set {
			typed[key] = fmt.Sprint(value) == "true"
		}
	}
	for _, key := range Lists {
		if value, set := values[key]; set {
			typed[key] = asList(value)
		}
	}
	raw, err := yaml.Marshal(typed)
	if err != nil {
		return nil, err
	}
	s := &Settings{ClusterCIDR: "10.42.0.0/16", ServiceCIDR: "10.43.0.0/16", ClusterDomain: "cluster.local", FlannelBackend: "vxlan",
		EgressSelectorMode: "agent", DataDir: "/var/lib/rancher/k3s", WriteKubeconfigMode: "600"}
	return s, yaml.Unmarshal(raw, s)
}

func asList(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case []string:
		return value
	case []any:
		out := []string{}
		for _, item := range value {
			out = append(out, fmt.Sprint(item))
		}
		return out
	case string:
		return strings.Split(value, ",")
	default:
		return []string{fmt.Sprint(value)}
	}
}

// complete fills in what the machine knows.
func (s *Settings) complete() (err error) {
	if s.Token == "" && s.TokenFile != "" {
		raw, err := os.ReadFile(s.TokenFile)
		if err != nil {
			return err
		}
		s.Token = strings.TrimSpace(string(raw))
	}
	if s.NodeName == "" {
		host, err := os.Hostname()
		if err != nil {
			return err
		}
		s.NodeName = strings.ToLower(host)
	}
	if s.NodeIP == "" {
		s.NodeIP, err = defaultIP()
	}
	return err
}

func defaultIP() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
			return ip.IP.String(), nil
		}
	}
	return "", fmt.Errorf("no IPv4 address found: set node-ip")
}

// Path is a path below the data directory.
func (s *Settings) Path(parts ...string) string {
	return filepath.Join(append([]string{s.DataDir}, parts...)...)
}
