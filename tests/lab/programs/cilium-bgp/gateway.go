// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cilium/hive/cell"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/cilium/cilium/pkg/k8s/client"
)

type gatewayConfig struct{ EnableGatewayAPI bool }

// Flags registers the option under Cilium's name.
func (c gatewayConfig) Flags(flags *pflag.FlagSet) {
	flags.Bool("enable-gateway-api", c.EnableGatewayAPI, "Accept Cilium's GatewayClasses")
}

const gatewayController = "io.cilium/gateway-controller"

var gatewayClasses = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}

// acceptGatewayClasses says that Cilium's GatewayClasses are accepted; that is all there is of Gateway API here.
func acceptGatewayClasses(lc cell.Lifecycle, log *slog.Logger, cs client.Clientset, c gatewayConfig) {
	if !c.EnableGatewayAPI {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	lc.Append(cell.Hook{
		OnStart: func(cell.HookContext) error {
			api, err := dynamic.NewForConfig(cs.RestConfig())
			if err != nil {
				return err
			}
			go func() {
				for ctx.Err() == nil {
					if err := acceptAll(ctx, api.Resource(gatewayClasses)); err != nil {
						log.Warn("GatewayClasses", "error", err)
					}
					select {
					case <-ctx.Done():
					case <-time.After(2 * time.Second):
					}
				}
			}()
			return nil
		},
		OnStop: func(cell.HookContext) error { cancel(); return nil },
	})
}

func acceptAll(ctx context.Context, api dynamic.ResourceInterface) error {
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, class := range list.Items {
		if controller, _, _ := unstructured.NestedString(class.Object, "spec", "controllerName"); controller != gatewayController || accepted(class) {
			continue
		}
		patch := fmt.Sprintf(`{"status":{"conditions":[{"type":"Accepted","status":"True","reason":"Accepted","message":"Valid GatewayClass","observedGeneration":%d,"lastTransitionTime":%q}]}}`,
			class.GetGeneration(), time.Now().UTC().Format(time.RFC3339))
		if _, err := api.Patch(ctx, class.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status"); err != nil {
			return err
		}
	}
	return nil
}

func accepted(class unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(class.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Accepted" {
			return c["status"] == "True" && c["observedGeneration"] == class.GetGeneration()
		}
	}
	return false
}
