// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package ciliumbgp is Cilium without its datapath: the programs made of it stand behind the lab's `cilium` and `cilium-operator` pods.
//
// STAND-IN. Real, from Cilium's own module: the BGP control plane of the agent with its GoBGP, and of the operator; LB-IPAM; the registration of
// Cilium's kinds; their options, read from the ConfigMap cilium-config.
// Ours, in place of the rest: CiliumNode is copied from Node (mirror.go), the CNI configuration is one file that makes the node Ready (network.go),
// GatewayClasses are accepted (gateway.go), the operator's leader election (operator.go), /peers and /routes as `cilium-dbg bgp` shows them (inspect.go).
// Left out: eBPF, networking of pods, kube-proxy replacement, policies, Hubble, Gateway API and Ingress (a Gateway gets no Service),
// L2 announcements, IPAM (pod networks are those that Kubernetes gives to the nodes), and rights: the pods' service accounts are not used.
package ciliumbgp

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/cilium/hive/cell"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/cilium/cilium/pkg/hive"
	"github.com/cilium/cilium/pkg/logging"
	nodetypes "github.com/cilium/cilium/pkg/node/types"

	"homeops.cluster/lab/cilium-bgp/internal/config"
)

const usage = `usage: cilium-bgp-VERSION operator [--config-map NAMESPACE/NAME] --k8s-kubeconfig-path FILE
       cilium-bgp-VERSION agent --node NAME [--config-map NAMESPACE/NAME] --k8s-kubeconfig-path FILE`

// Version is what differs from one version of Cilium to the next.
type Version struct {
	Agent    cell.Cell // the BGP control plane of one node, which must provide Routers
	Operator cell.Cell // the BGP control plane of the cluster
}

// arguments are ours; Cilium's options join them on the command line.
type arguments struct {
	flags     *pflag.FlagSet
	node      string
	configMap string
	cniDir    string
	inspect   string
	health    string
	debug     bool
}

// Main is the whole program of one version.
func Main(v Version) {
	if len(os.Args) < 2 || (os.Args[1] != "agent" && os.Args[1] != "operator") {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(v, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(v Version, role string, args []string) error {
	a := &arguments{flags: pflag.NewFlagSet("cilium-bgp "+role, pflag.ContinueOnError)}
	a.flags.StringVar(&a.node, "node", "", "name of the Node (agent)")
	a.flags.StringVar(&a.configMap, "config-map", "", "NAMESPACE/NAME of Cilium's configuration; without it the BGP control plane is on")
	a.flags.StringVar(&a.cniDir, "cni-directory", "/etc/cni/net.d", "where the CNI configuration goes (agent)")
	a.flags.StringVar(&a.inspect, "listen", "127.0.0.1:9899", "loopback address of the inspection API (agent)")
	a.flags.BoolVar(&a.debug, "debug", false, "debug log")
	health := map[string]string{"agent": "127.0.0.1:9879", "operator": "127.0.0.1:9234"}[role]
	a.flags.StringVar(&a.health, "health", health, "address of /healthz, Cilium's own by default")

	var h *hive.Hive
	if role == "agent" {
		h = hive.New(agentCell(v, a))
	} else {
		h = hive.New(operatorCell(v))
	}
	h.RegisterFlags(a.flags)
	if err := a.flags.Parse(args); err != nil {
		return err
	}
	if role == "agent" && a.node == "" {
		return fmt.Errorf("--node is required\n%s", usage)
	}
	if a.debug {
		logging.SetLogLevel(slog.LevelDebug)
	}
	api, err := a.client()
	if err != nil {
		return err
	}
	data, err := a.configuration(api)
	if err != nil {
		return err
	}
	if err := data.Apply(a.flags); err != nil {
		return err
	}
	if err := setDaemonConfig(data); err != nil {
		return err
	}
	if role == "operator" {
		return runOperator(a, api, h)
	}
	nodetypes.SetName(a.node)
	if err := waitForKinds(api); err != nil {
		return err
	}
	return h.Run(logging.DefaultSlogLogger)
}

func (a *arguments) client() (kubernetes.Interface, error) {
	path, err := a.flags.GetString("k8s-kubeconfig-path")
	if err != nil {
		return nil, err
	}
	rest, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(rest)
}

// configuration reads cilium-config through the API, as the init container of Cilium's agent does.
func (a *arguments) configuration(api kubernetes.Interface) (config.Data, error) {
	if a.configMap == "" {
		return config.Default(), nil
	}
	namespace, name, ok := strings.Cut(a.configMap, "/")
	if !ok {
		return nil, fmt.Errorf("--config-map %q: NAMESPACE/NAME is expected", a.configMap)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	found, err := api.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return found.Data, nil
}
