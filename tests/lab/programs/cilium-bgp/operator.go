// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cilium/hive/cell"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	operatork8s "github.com/cilium/cilium/operator/k8s"
	"github.com/cilium/cilium/operator/pkg/lbipam"
	"github.com/cilium/cilium/pkg/hive"
	"github.com/cilium/cilium/pkg/k8s"
	"github.com/cilium/cilium/pkg/k8s/apis"
	"github.com/cilium/cilium/pkg/logging"
)

// operatorCell: Cilium's kinds, LB-IPAM, CiliumBGPClusterConfig -> CiliumBGPNodeConfig (which is what the version brings).
// The kinds go before the informers, whose start hooks are appended later.
func operatorCell(v Version) cell.Cell {
	return cell.Module("operator", "CRDs BGP operator and LB-IPAM",
		common,
		apis.RegisterCRDsCell,
		operatork8s.ResourcesCell,
		cell.Provide(k8s.ServiceResource),
		lbipam.Cell,
		v.Operator,
		cell.Config(gatewayConfig{}),
		cell.Invoke(acceptGatewayClasses),
	)
}

// runOperator works while it leads; another replica waits, healthy.
func runOperator(a *arguments, api kubernetes.Interface, h *hive.Hive) error {
	go http.ListenAndServe(a.health, healthz(func() bool { return true })) //nolint:errcheck // not ready is the consequence
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	leading := false
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: namespace(), Name: "cilium-operator-resource-lock"},
			Client:     api.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: host}, // one replica per node: after a restart of K3s the lease is its own
		},
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {
				leading = true
				done <- h.Run(logging.DefaultSlogLogger) // ends with SIGTERM
				cancel()
			},
			OnStoppedLeading: func() {},
		},
	})
	if ctx.Err() == nil {
		return errors.New("the lease was lost")
	}
	if !leading {
		return nil
	}
	return <-done
}

// namespace is where Cilium is installed.
func namespace() string {
	if given := os.Getenv("POD_NAMESPACE"); given != "" {
		return given
	}
	return "kube-system"
}
