// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"os"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"homeops.cluster/lab/k3s/internal/pki"
)

const (
	adminKubeconfig = "/etc/rancher/k3s/k3s.yaml"
	localAPI        = "https://127.0.0.1:6443"
)

// credentials are how a component reaches the API.
type credentials struct{ authority, certificate, key []byte }

func readCredentials(tlsDir, name string) (c credentials, err error) {
	for path, into := range map[string]*[]byte{"server-ca.crt": &c.authority, name + ".crt": &c.certificate, name + ".key": &c.key} {
		if *into, err = os.ReadFile(tlsDir + "/" + path); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c credentials) client(server string) (*kubernetes.Clientset, error) {
	return kubernetes.NewForConfig(&rest.Config{Host: server, QPS: 100, Burst: 200,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.authority, CertData: c.certificate, KeyData: c.key}})
}

// write makes a kubeconfig like K3s': one cluster, user and context, each called default.
func (c credentials) write(path, server string, mode os.FileMode) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["default"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: c.authority}
	config.AuthInfos["default"] = &clientcmdapi.AuthInfo{ClientCertificateData: c.certificate, ClientKeyData: c.key}
	config.Contexts["default"] = &clientcmdapi.Context{Cluster: "default", AuthInfo: "default"}
	config.CurrentContext = "default"
	raw, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return pki.WriteFile(path, raw, mode)
}
