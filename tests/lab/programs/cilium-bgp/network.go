// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cilium/hive/cell"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cilium/cilium/pkg/k8s/client"

	"homeops.cluster/lab/cilium-bgp/internal/cni"
)

// network is the node's network as far as others can see it: the CNI configuration, which makes the node Ready.
type network struct {
	dir string
	log *slog.Logger
	api client.Clientset
	up  atomic.Bool
}

// newNetwork removes the CNI configuration when Cilium is being uninstalled: its DaemonSet is gone or going. At any other end (an upgrade,
// a restart of K3s) it stays, and the node stays Ready, as with Cilium.
func newNetwork(lc cell.Lifecycle, a *arguments, log *slog.Logger, api client.Clientset) *network {
	n := &network{dir: a.cniDir, log: log, api: api}
	lc.Append(cell.Hook{OnStop: func(cell.HookContext) error {
		if !n.uninstalled() {
			return nil
		}
		log.Info("Cilium is uninstalled: removing the CNI configuration")
		return cni.Uninstall(n.dir)
	}})
	return n
}

// ready is called when the agent has shown its node to the cluster.
func (n *network) ready() error {
	if n.up.Load() {
		return nil
	}
	if err := cni.Install(n.dir); err != nil {
		return err
	}
	n.log.Info("CNI configuration written", "directory", n.dir)
	n.up.Store(true)
	return nil
}

func (n *network) uninstalled() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	set, err := n.api.AppsV1().DaemonSets(namespace()).Get(ctx, "cilium", metav1.GetOptions{})
	if err != nil {
		return apierrors.IsNotFound(err)
	}
	return set.DeletionTimestamp != nil
}
