// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"context"

	"github.com/cilium/hive/cell"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	daemonk8s "github.com/cilium/cilium/daemon/k8s"
	"github.com/cilium/cilium/pkg/k8s/client"
	"github.com/cilium/cilium/pkg/k8s/resource"
	slimcorev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"

	"homeops.cluster/lab/cilium-bgp/internal/mirror"
)

// mirrorNode keeps this node's CiliumNode equal to its Node; in Cilium pkg/nodediscovery does it.
func mirrorNode(lc cell.Lifecycle, cs client.Clientset, nodes daemonk8s.LocalNodeResource, n *network) {
	ctx, cancel := context.WithCancel(context.Background())
	lc.Append(cell.Hook{
		OnStart: func(cell.HookContext) error {
			go func() {
				for event := range nodes.Events(ctx) {
					var err error
					if event.Kind == resource.Upsert {
						if err = upsert(ctx, cs, event.Object); err == nil {
							err = n.ready()
						}
					}
					event.Done(err) // an error (the kind is not served yet) brings the event back
				}
			}()
			return nil
		},
		OnStop: func(cell.HookContext) error { cancel(); return nil },
	})
}

func upsert(ctx context.Context, cs client.Clientset, node *slimcorev1.Node) error {
	api, want := cs.CiliumV2().CiliumNodes(), mirror.CiliumNode(node)
	have, err := api.Get(ctx, node.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = api.Create(ctx, want, metav1.CreateOptions{})
		return err
	} else if err != nil {
		return err
	}
	if mirror.Update(have, want) {
		_, err = api.Update(ctx, have, metav1.UpdateOptions{})
	}
	return err
}
