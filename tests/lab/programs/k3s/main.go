// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command k3s is a K3s-compatible server and agent for a lab without internet access.
//
// STAND-IN. Real, from the upstream modules: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl.
// Ours, behaving as K3s does: configuration files, tokens, certificates and their paths, readiness to systemd, joining as a learner
// that the leader promotes, removal of a member with its Node, node passwords, comparison of critical settings.
// Left out: containers (pods are marked Running, or run as host programs by image, see kubelet.go), flannel, kube-proxy, the supervisor API
// (a joining node reads a Secret through the Kubernetes API instead), helm-controller and the manifests directory, load balancing of an agent
// between servers, secrets encryption, agent tokens, `k3s token|certificate|secrets-encrypt`, restoring a snapshot, SQLite: a server without
// cluster-init keeps etcd too, but refuses to be joined.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/restclient"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// components are the upstream programs inside this binary, chosen by its name (a link) or its first argument.
var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": kcm.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
}

func main() {
	name := filepath.Base(os.Args[0])
	if !isComponent(name) && len(os.Args) > 1 && isComponent(os.Args[1]) {
		os.Args = os.Args[1:]
		name = os.Args[0]
	}
	switch {
	case name == "etcd":
		etcdmain.Main(os.Args)
	case name == "crictl" || name == "ctr":
		fmt.Fprintf(os.Stderr, "%s: the lab's k3s runs no containers\n", name)
		os.Exit(1)
	case isComponent(name):
		if _, set := os.LookupEnv("KUBECONFIG"); name == "kubectl" && !set {
			os.Setenv("KUBECONFIG", adminKubeconfig)
		}
		os.Exit(cli.Run(components[name]()))
	case len(os.Args) == 2 && (os.Args[1] == "--version" || os.Args[1] == "-v"): // cobra's own flag clashes with the components'
		fmt.Printf("k3s version %s (standin0)\ngo version %s\n", version, runtime.Version())
	default:
		log.SetFlags(log.Lmicroseconds)
		root := &cobra.Command{Use: "k3s", SilenceUsage: true}
		root.AddCommand(serverCommand(), agentCommand(), snapshotCommand())
		if root.Execute() != nil {
			os.Exit(1)
		}
	}
}

func isComponent(name string) bool {
	return components[name] != nil || name == "etcd" || name == "crictl" || name == "ctr"
}
