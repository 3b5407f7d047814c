// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command cilium-bgp-1.19 is Cilium 1.19 without its datapath: see ../cilium-bgp. It knows cilium.io/v2 only.
//
// Cilium's fork of GoBGP turns multipath TCP off, where Linux has no TCP_MD5SIG; the released GoBGP used here does not. Without the next line a
// peer with a password could not connect to an instance that has a localPort.
//
//go:debug multipathtcp=0
package main

import (
	"github.com/cilium/hive/cell"
	"github.com/cilium/statedb"

	daemonk8s "github.com/cilium/cilium/daemon/k8s"
	operatorbgp "github.com/cilium/cilium/operator/pkg/bgp"
	"github.com/cilium/cilium/pkg/bgp"
	"github.com/cilium/cilium/pkg/bgp/agent"
	"github.com/cilium/cilium/pkg/datapath/tables"
	"github.com/cilium/cilium/pkg/kpr"
	"github.com/cilium/cilium/pkg/lbipamconfig"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/loadbalancer/reflectors"
	"github.com/cilium/cilium/pkg/loadbalancer/writer"
	"github.com/cilium/cilium/pkg/node"
	"github.com/cilium/cilium/pkg/nodeipamconfig"
	"github.com/cilium/cilium/pkg/source"
	"github.com/cilium/cilium/pkg/svcrouteconfig"

	ciliumbgp "homeops.cluster/lab/cilium-bgp"
)

func main() {
	ciliumbgp.Main(ciliumbgp.Version{
		Operator: operatorbgp.Cell,
		// The tables that the datapath would fill stay empty.
		Agent: cell.Group(
			bgp.Cell,
			cell.Provide(
				func(m agent.BGPRouterManager) ciliumbgp.Routers { return m },
				tables.NewRouteTable, tables.NewDeviceTable, tables.NewNodeAddressTable,
				statedb.RWTable[*tables.Route].ToTable,
				statedb.RWTable[*tables.Device].ToTable,
				statedb.RWTable[tables.NodeAddress].ToTable,
				func() source.Sources { return source.Sources{} },
				func() kpr.KPRConfig { return kpr.KPRConfig{KubeProxyReplacement: true} },
			),
			svcrouteconfig.Cell,
			daemonk8s.TablesCell,
			node.LocalNodeStoreTestCell,
			loadbalancer.ConfigCell,
			writer.Cell,
			reflectors.Cell,
			lbipamconfig.Cell,
			nodeipamconfig.Cell,
		),
	})
}
