// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"context"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"

	"github.com/cilium/cilium/pkg/k8s/synced"
	"github.com/cilium/cilium/pkg/logging"
)

// waitForKinds waits until the API serves what an agent watches, as Cilium's agent does: watches started before come back late.
func waitForKinds(api kubernetes.Interface) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	for said := ""; ; {
		missing, err := missingKinds(api)
		if err == nil && missing == "" {
			return nil
		}
		if missing != said {
			said = missing
			logging.DefaultSlogLogger.Info("waiting for the operator to register Cilium's kinds", slog.String("next", missing), slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// missingKinds is the first kind that is not served, or empty.
func missingKinds(api kubernetes.Interface) (string, error) {
	served := map[string]bool{}
	for _, version := range []string{"cilium.io/v2", "cilium.io/v2alpha1"} {
		list, err := api.Discovery().ServerResourcesForGroupVersion(version)
		if apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return "", err
		}
		for _, kind := range list.APIResources {
			served[kind.Name+".cilium.io"] = true
		}
	}
	for _, name := range synced.AgentCRDResourceNames() {
		if kind := strings.TrimPrefix(name, "crd:"); !served[kind] {
			return kind, nil
		}
	}
	return "", nil
}
