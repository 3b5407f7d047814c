// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"github.com/cilium/hive/cell"
	"github.com/cilium/statedb"

	daemonk8s "github.com/cilium/cilium/daemon/k8s"
	"github.com/cilium/cilium/pkg/bgp"
	"github.com/cilium/cilium/pkg/datapath/tables"
	envoycfg "github.com/cilium/cilium/pkg/envoy/config"
	"github.com/cilium/cilium/pkg/kpr"
	"github.com/cilium/cilium/pkg/lbipamconfig"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/loadbalancer/reflectors"
	"github.com/cilium/cilium/pkg/loadbalancer/writer"
	"github.com/cilium/cilium/pkg/node"
	"github.com/cilium/cilium/pkg/nodeipamconfig"
	"github.com/cilium/cilium/pkg/source"
	"github.com/cilium/cilium/pkg/svcrouteconfig"
)

// agentCell: the BGP control plane of one node, with the tables that the datapath would fill left empty.
func agentCell(a *arguments) cell.Cell {
	return cell.Module("agent", "BGP control plane",
		common,
		daemonk8s.ResourcesCell,
		cell.Config(envoycfg.SecretSyncConfig{}),
		cell.Provide(
			tables.NewRouteTable, tables.NewDeviceTable, tables.NewNodeAddressTable,
			statedb.RWTable[*tables.Route].ToTable,
			statedb.RWTable[*tables.Device].ToTable,
			statedb.RWTable[tables.NodeAddress].ToTable,
		),
		bgp.Cell,
		svcrouteconfig.Cell,
		daemonk8s.TablesCell,
		node.LocalNodeStoreTestCell,
		loadbalancer.ConfigCell,
		writer.Cell,
		reflectors.Cell,
		lbipamconfig.Cell,
		nodeipamconfig.Cell,
		cell.Provide(
			func() source.Sources { return source.Sources{} },
			func() kpr.KPRConfig { return kpr.KPRConfig{KubeProxyReplacement: true} },
			func() *arguments { return a },
			newNetwork,
		),
		cell.Invoke(mirrorNode, serveInspection, serveHealth),
	)
}
