// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"github.com/cilium/hive/cell"

	daemonk8s "github.com/cilium/cilium/daemon/k8s"
	envoycfg "github.com/cilium/cilium/pkg/envoy/config"
)

// agentCell: the BGP control plane of one node, which is what the version brings, and what it looks at.
func agentCell(v Version, a *arguments) cell.Cell {
	return cell.Module("agent", "BGP control plane",
		common,
		daemonk8s.ResourcesCell,
		cell.Config(envoycfg.SecretSyncConfig{}),
		v.Agent,
		cell.Provide(func() *arguments { return a }, newNetwork),
		cell.Invoke(mirrorNode, serveInspection, serveHealth),
	)
}
