// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package container makes what the image and the volumes of one of Argo CD's pods would bring along.
package container

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	root     = "/run/argocd"           // a folder below it for each component, empty when it starts
	programs = "/usr/local/lib/lab"    // has helm
	token    = 365 * 24 * time.Hour    // a kubelet would renew it
	patience = 10 * time.Second        // with the API server; the kubelet tries again
	verifier = "git-verify-wrapper.sh" // asked by the repo server for the signature of every commit
)

// noSignature stands for Argo CD's script of this name: git without GnuPG knows no signature.
const noSignature = "#!/bin/sh\n# Signatures are not verified in the lab.\n"

// Kustomize is the program of this name in Argo CD's image; in the lab it is a part of this one, told by Component.
const Kustomize = "kustomize"

// Component tells Argo CD's program which of its parts it is; so it does here once the container has been made.
const Component = "ARGOCD_BINARY_NAME"

// Become makes the container of a component and goes on as it: much of Argo CD's environment is read before main.
func Become(component string, arguments []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	folder := filepath.Join(root, component)
	if err := furnish(folder, self); err != nil {
		return err
	}
	if component != "argocd-repo-server" { // which has no rights and needs none
		if err := logIn(os.Getenv("KUBECONFIG"), os.Getenv("POD_NAMESPACE"), os.Getenv("SERVICE_ACCOUNT"), kubeconfig(folder)); err != nil {
			return err
		}
	}
	return syscall.Exec(self, append([]string{component}, arguments...), environment(os.Environ(), component, folder))
}

func kubeconfig(folder string) string { return filepath.Join(folder, "kubeconfig") }

// furnish makes the folder that is the container's own: what is to be in its PATH, and empty ones for what it writes and for what nobody mounts.
func furnish(folder, self string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for _, name := range []string{"bin", "tmp", "ssh", "tls", "plugins", "home"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "ssh", "ssh_known_hosts"), nil, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "bin", verifier), []byte(noSignature), 0o700); err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\n%s=%s exec %q \"$@\"\n", Component, Kustomize, self)
	if err := os.WriteFile(filepath.Join(folder, "bin", Kustomize), []byte(script), 0o700); err != nil {
		return err
	}
	return os.Symlink(self, filepath.Join(folder, "bin", "argocd")) // the name by which git asks for passwords
}

// environment is that of the kubelet with what is different in a container of Argo CD's.
func environment(inherited []string, component, folder string) []string {
	ours := map[string]string{
		Component:                   component,
		"ARGOCD_ASK_PASS_SOCK":      filepath.Join(folder, "ask-pass.sock"),
		"ARGOCD_FAKE_IN_CLUSTER":    "true", // https://kubernetes.default.svc is where KUBECONFIG leads to
		"ARGOCD_GPG_ENABLED":        "false",
		"ARGOCD_PLUGINSOCKFILEPATH": filepath.Join(folder, "plugins"),
		"ARGOCD_SSH_DATA_PATH":      filepath.Join(folder, "ssh"),
		"ARGOCD_TLS_DATA_PATH":      filepath.Join(folder, "tls"),
		"HOME":                      filepath.Join(folder, "home"),
		"KUBECONFIG":                kubeconfig(folder),
		"TMPDIR":                    filepath.Join(folder, "tmp"),
	}
	result := []string{}
	path := ""
	for _, pair := range inherited {
		name, value, _ := strings.Cut(pair, "=")
		if name == "PATH" {
			path = value
		} else if _, replaced := ours[name]; !replaced {
			result = append(result, pair)
		}
	}
	result = append(result, "PATH="+strings.Join([]string{filepath.Join(folder, "bin"), programs, path}, ":"))
	for name, value := range ours {
		result = append(result, name+"="+value)
	}
	return result
}

// logIn writes a kubeconfig with the rights of a ServiceAccount, got by the rights of the kubelet.
func logIn(kubelet, namespace, account, target string) error {
	config, err := clientcmd.LoadFromFile(kubelet)
	if err != nil {
		return err
	}
	rest, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	seconds := int64(token.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	granted, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return clientcmd.WriteToFile(as(*config, namespace, granted.Status.Token), target)
}

// as is a kubeconfig with another user, and a namespace.
func as(config api.Config, namespace, token string) api.Config {
	result := *config.DeepCopy()
	current := result.Contexts[result.CurrentContext]
	current.Namespace = namespace
	result.AuthInfos = map[string]*api.AuthInfo{current.AuthInfo: {Token: token}}
	return result
}
