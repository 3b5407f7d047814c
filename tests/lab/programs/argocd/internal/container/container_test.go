// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package container

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd/api"
)

func TestEnvironment(t *testing.T) {
	have := environment([]string{"PATH=/usr/bin:/bin", "KUBECONFIG=/kubelet", "REDIS_SERVER=argocd-redis:6379"}, "argocd-repo-server", "/f")
	for _, want := range []string{
		"ARGOCD_BINARY_NAME=argocd-repo-server", "KUBECONFIG=/f/kubeconfig", "PATH=/f/bin:/usr/local/lib/lab:/usr/bin:/bin",
		"REDIS_SERVER=argocd-redis:6379", "TMPDIR=/f/tmp",
	} {
		if !slices.Contains(have, want) {
			t.Errorf("%s is missing in %s", want, have)
		}
	}
	if slices.Contains(have, "KUBECONFIG=/kubelet") {
		t.Error("the rights of the kubelet are handed on")
	}
}

func TestFurnish(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "component")
	left := filepath.Join(folder, "tmp", "left")
	for range 2 {
		if err := furnish(folder, "/lab/argocd"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(left); !os.IsNotExist(err) {
			t.Error("something of the container before is left")
		}
		if err := os.WriteFile(left, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if to, err := os.Readlink(filepath.Join(folder, "bin", "argocd")); err != nil || to != "/lab/argocd" {
		t.Error(to, err)
	}
	for _, name := range []string{verifier, Kustomize} {
		if info, err := os.Stat(filepath.Join(folder, "bin", name)); err != nil || info.Mode().Perm()&0o100 == 0 {
			t.Error(info, err)
		}
	}
	script, err := os.ReadFile(filepath.Join(folder, "bin", Kustomize))
	if want := "ARGOCD_BINARY_NAME=kustomize exec \"/lab/argocd\" \"$@\"\n"; err != nil || !strings.HasSuffix(string(script), want) {
		t.Error(string(script), err)
	}
}

func TestAs(t *testing.T) {
	given := api.Config{CurrentContext: "c", Contexts: map[string]*api.Context{"c": {Cluster: "k", AuthInfo: "kubelet"}},
		AuthInfos: map[string]*api.AuthInfo{"kubelet": {ClientKey: "/key"}, "other": {Token: "t"}}}
	have := as(given, "argocd", "token")
	if user := have.AuthInfos["kubelet"]; len(have.AuthInfos) != 1 || user.Token != "token" || user.ClientKey != "" {
		t.Error(have.AuthInfos)
	}
	if have.Contexts["c"].Namespace != "argocd" || given.Contexts["c"].Namespace != "" || given.AuthInfos["kubelet"].ClientKey != "/key" {
		t.Error(have.Contexts, given)
	}
}
