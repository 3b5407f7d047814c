// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"homeops.cluster/lab/k3s/internal/pki"
	"homeops.cluster/lab/k3s/internal/settings"
)

func agentCommand() *cobra.Command {
	return withSettings(&cobra.Command{Use: "agent", Short: "Run an agent node"}, func(s *settings.Settings) error {
		ctx, die := serviceContext()
		return end(ctx, die, runAgent(ctx, s))
	})
}

func runAgent(ctx context.Context, s *settings.Settings) error {
	if s.Server == "" {
		return errors.New("--server is required")
	}
	token, err := settings.ParseToken(s.Token)
	if err != nil {
		return err
	}
	cluster, err := fetchBootstrap(ctx, s, token) // waits for the API
	if err != nil {
		return err
	}
	if err := cluster.instruct(s); err != nil {
		return err
	}
	login, err := cluster.nodeCredentials(s.NodeName)
	if err != nil {
		return err
	}
	if err := errors.Join(pki.WriteFile(s.Path("agent/server-ca.crt"), login.authority, 0o644), login.write(kubeletKubeconfig(s), s.Server, 0o600)); err != nil {
		return err
	}
	client, err := login.client(s.Server)
	if err != nil {
		return err
	}
	return serveNode(ctx, client, s, nil)
}
