// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package settings

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func load(t *testing.T, files map[string]string, flags map[string]any) *Settings {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(filepath.Join(dir, "config.yaml"), flags)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLoad(t *testing.T) {
	t.Setenv("K3S_URL", "https://environment:6443")
	base := "node-ip: 192.0.2.1\n"
	for name, c := range map[string]struct {
		files map[string]string
		flags map[string]any
		of    func(*Settings) any
		want  any
	}{
		"defaults":                     {map[string]string{"config.yaml": base}, nil, func(s *Settings) any { return s.ServiceCIDR }, "10.43.0.0/16"},
		"environment":                  {map[string]string{"config.yaml": base}, nil, func(s *Settings) any { return s.Server }, "https://environment:6443"},
		"file over environment":        {map[string]string{"config.yaml": base + "server: https://file:6443"}, nil, func(s *Settings) any { return s.Server }, "https://file:6443"},
		"flag over file":               {map[string]string{"config.yaml": base + "disable: [a]"}, map[string]any{"disable": []string{"b"}}, func(s *Settings) any { return s.Disable }, []string{"b"}},
		"last drop-in wins":            {map[string]string{"config.yaml": base + "disable: a", "config.yaml.d/20.yaml": "disable: c", "config.yaml.d/10.yaml": "disable: b"}, nil, func(s *Settings) any { return s.Disable }, []string{"c"}},
		"plus appends":                 {map[string]string{"config.yaml": base + "disable: a,b", "config.yaml.d/10.yaml": "disable+: [c]"}, nil, func(s *Settings) any { return s.Disable }, []string{"a", "b", "c"}},
		"list of one address":          {map[string]string{"config.yaml": "node-ip: [192.0.2.7]"}, nil, func(s *Settings) any { return s.NodeIP }, "192.0.2.7"},
		"quoted boolean":               {map[string]string{"config.yaml": base + "cluster-init: \"true\""}, nil, func(s *Settings) any { return s.ClusterInit }, true},
		"unquoted octal is not a mode": {map[string]string{"config.yaml": base + "write-kubeconfig-mode: 0644"}, nil, func(s *Settings) any { return s.WriteKubeconfigMode }, "420"},
		"unknown keys are passed over": {map[string]string{"config.yaml": base + "kubelet-arg: [x]"}, nil, func(s *Settings) any { return s.NodeIP }, "192.0.2.1"},
		"no file is not an error":      {nil, map[string]any{"node-ip": "192.0.2.3"}, func(s *Settings) any { return s.NodeIP }, "192.0.2.3"},
	} {
		t.Run(name, func(t *testing.T) {
			if have := c.of(load(t, c.files, c.flags)); !reflect.DeepEqual(have, c.want) {
				t.Errorf("have %v, want %v", have, c.want)
			}
		})
	}
}

func TestTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	given := map[string]any{"node-ip": "192.0.2.1", "token-file": path}
	if s := load(t, nil, given); s.Token != "from-file" {
		t.Errorf("token of the file: %q", s.Token)
	}
	given["token"] = "direct"
	if s := load(t, nil, given); s.Token != "direct" {
		t.Errorf("a token wins over a token file: %q", s.Token)
	}
}

func TestToken(t *testing.T) {
	ca := []byte("certificate")
	full := Token{Password: "secret"}.Full(ca)
	for text, want := range map[string]Token{
		"secret":      {Password: "secret"},
		"with:colons": {Password: "with:colons"},
		full:          {Password: "secret", CAHash: hash(ca)},
	} {
		have, err := ParseToken(text)
		if err != nil || have != want {
			t.Errorf("%s: %+v, %v", text, have, err)
		}
	}
	for _, text := range []string{"K10", "K10abc::server:x", strings.TrimSuffix(full, "secret"), strings.Replace(full, "::", ":", 1)} {
		if _, err := ParseToken(text); !errors.Is(err, ErrTokenFormat) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTokenOfAnotherCluster(t *testing.T) {
	mine, other := []byte("mine"), []byte("other")
	full, _ := ParseToken(Token{Password: "x"}.Full(mine))
	for _, c := range []struct {
		token Token
		ca    []byte
		want  error
	}{{full, mine, nil}, {full, other, ErrCAHash}, {Token{Password: "x"}, other, nil}} {
		if have := c.token.CheckCA(c.ca); !errors.Is(have, c.want) {
			t.Errorf("%+v: %v", c.token, have)
		}
	}
}

func TestCritical(t *testing.T) {
	cluster := &Settings{ServiceCIDR: "10.43.0.0/16", Disable: []string{"traefik", "servicelb"}}
	same := &Settings{ServiceCIDR: "10.43.0.0/16", Disable: []string{"servicelb", "traefik"}, NodeName: "other", TLSSAN: []string{"x"}}
	if err := CompareCritical(same.Critical(), cluster.Critical()); err != nil {
		t.Error(err)
	}
	err := CompareCritical((&Settings{ServiceCIDR: "10.44.0.0/16", DisableKubeProxy: true}).Critical(), cluster.Critical())
	if err == nil {
		t.Fatal("not found")
	}
	for _, part := range []string{"critical configuration value mismatch", "service-cidr", "disable-kube-proxy", `disable ("" here`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
}
