// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/netip"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"

	"homeops.cluster/lab/k3s/internal/pki"
	"homeops.cluster/lab/k3s/internal/settings"
)

func ensureLeaves(s *settings.Settings, tlsDir string) error {
	network, err := netip.ParsePrefix(s.ServiceCIDR)
	if err != nil {
		return fmt.Errorf("service-cidr: %w", err)
	}
	hosts := append([]string{"127.0.0.1", "localhost", s.NodeIP, s.NodeName, network.Masked().Addr().Next().String(), "kubernetes",
		"kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + s.ClusterDomain}, s.TLSSAN...)
	for _, leaf := range []pki.Leaf{
		{Name: "serving-kube-apiserver", Authority: "server-ca", CommonName: "kube-apiserver", Hosts: hosts},
		{Name: "client-kube-apiserver", Authority: "client-ca", CommonName: "system:apiserver", Organizations: []string{"system:masters"}},
		{Name: "client-admin", Authority: "client-ca", CommonName: "system:admin", Organizations: []string{"system:masters"}},
		{Name: "client-controller", Authority: "client-ca", CommonName: "system:kube-controller-manager"},
		{Name: "client-scheduler", Authority: "client-ca", CommonName: "system:kube-scheduler"},
		{Name: "client-auth-proxy", Authority: "request-header-ca", CommonName: "system:auth-proxy"},
		{Name: "etcd/server-client", Authority: "etcd/server-ca", CommonName: "etcd-server", Hosts: hosts},
		{Name: "etcd/peer-server-client", Authority: "etcd/peer-ca", CommonName: "etcd-peer", Hosts: hosts},
		{Name: "etcd/client", Authority: "etcd/server-ca", CommonName: "etcd-client"},
	} {
		if err := pki.Ensure(tlsDir, leaf); err != nil {
			return err
		}
	}
	return nil
}

func startAPIServer(ctx context.Context, die context.CancelCauseFunc, s *settings.Settings, tlsDir, password string) error {
	tokens := s.Path("server/cred/tokens.csv")
	content := bytes.Buffer{}
	table := csv.NewWriter(&content)
	if err := table.Write([]string{password, "node", "node", "system:masters"}); err != nil {
		return err
	}
	table.Flush()
	if err := pki.WriteFile(tokens, content.Bytes(), 0o600); err != nil {
		return err
	}
	component(ctx, die, "kube-apiserver",
		"--etcd-servers=https://127.0.0.1:2379", "--etcd-cafile="+tlsDir+"/etcd/server-ca.crt", "--etcd-certfile="+tlsDir+"/etcd/client.crt", "--etcd-keyfile="+tlsDir+"/etcd/client.key",
		"--secure-port=6443", "--advertise-address="+s.NodeIP, "--tls-cert-file="+tlsDir+"/serving-kube-apiserver.crt", "--tls-private-key-file="+tlsDir+"/serving-kube-apiserver.key",
		"--anonymous-auth=false", "--client-ca-file="+tlsDir+"/client-ca.crt", "--token-auth-file="+tokens, "--authorization-mode=Node,RBAC", "--service-cluster-ip-range="+s.ServiceCIDR,
		"--requestheader-client-ca-file="+tlsDir+"/request-header-ca.crt", "--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+tlsDir+"/client-auth-proxy.crt", "--proxy-client-key-file="+tlsDir+"/client-auth-proxy.key",
		"--service-account-issuer=https://kubernetes.default.svc."+s.ClusterDomain, "--service-account-key-file="+tlsDir+"/service.key", "--service-account-signing-key-file="+tlsDir+"/service.key",
		"--enable-admission-plugins=NodeRestriction", "--allow-privileged=true", "--profiling=false", "--v=0")
	return nil
}

// startControllers comes after /readyz: their RBAC roles exist only then.
func startControllers(ctx context.Context, die context.CancelCauseFunc, s *settings.Settings, tlsDir string) error {
	common := func(user string) ([]string, error) {
		path := s.Path("server/cred", user+".kubeconfig")
		login, err := readCredentials(tlsDir, "client-"+user)
		if err != nil {
			return nil, err
		}
		return []string{"--kubeconfig=" + path, "--authentication-kubeconfig=" + path, "--authorization-kubeconfig=" + path,
			"--profiling=false", "--bind-address=127.0.0.1", "--v=0"}, login.write(path, localAPI, 0o600)
	}
	args, err := common("scheduler")
	if err != nil {
		return err
	}
	component(ctx, die, "kube-scheduler", args...)
	if args, err = common("controller"); err != nil {
		return err
	}
	component(ctx, die, "kube-controller-manager", append(args,
		"--root-ca-file="+tlsDir+"/server-ca.crt", "--service-account-private-key-file="+tlsDir+"/service.key", "--use-service-account-credentials",
		"--allocate-node-cidrs", "--cluster-cidr="+s.ClusterCIDR, "--controllers=*,-cloud-node-lifecycle-controller,-service-lb-controller,-node-route-controller",
		"--cluster-signing-cert-file="+tlsDir+"/client-ca.crt", "--cluster-signing-key-file="+tlsDir+"/client-ca.key")...)
	return nil
}

func writeAdminKubeconfigs(s *settings.Settings, tlsDir string) error {
	var mode os.FileMode
	if _, err := fmt.Sscanf(s.WriteKubeconfigMode, "%o", &mode); err != nil {
		return fmt.Errorf("write-kubeconfig-mode %q: %w", s.WriteKubeconfigMode, err)
	}
	login, err := readCredentials(tlsDir, "client-admin")
	if err != nil {
		return err
	}
	if err := login.write(kubeletKubeconfig(s), localAPI, 0o600); err != nil {
		return err
	}
	return login.write(adminKubeconfig, localAPI, mode)
}

// createKinds registers the kinds that K3s itself brings (empty schemas: nothing here acts on them).
func createKinds(ctx context.Context, client *kubernetes.Clientset) error {
	for _, kind := range [][4]string{{"addons", "k3s.cattle.io", "addon", "Addon"}, {"etcdsnapshotfiles", "k3s.cattle.io", "etcdsnapshotfile", "ETCDSnapshotFile"},
		{"helmcharts", "helm.cattle.io", "helmchart", "HelmChart"}, {"helmchartconfigs", "helm.cattle.io", "helmchartconfig", "HelmChartConfig"}} {
		body := fmt.Sprintf(`{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%[1]s.%[2]s"},`+
			`"spec":{"group":"%[2]s","scope":"Namespaced","names":{"plural":"%[1]s","singular":"%[3]s","kind":"%[4]s"},"versions":[{"name":"v1","served":true,"storage":true,`+
			`"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}`, kind[0], kind[1], kind[2], kind[3])
		err := client.RESTClient().Post().AbsPath("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").SetHeader("Content-Type", "application/json").Body([]byte(body)).Do(ctx).Error()
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}
