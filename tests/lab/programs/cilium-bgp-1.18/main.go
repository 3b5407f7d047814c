// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command cilium-bgp-1.18 is Cilium 1.18 without its datapath: see ../cilium-bgp. It knows CiliumBGPPeeringPolicy and cilium.io/v2; where both
// are meant for a node, the former wins.
//
// Cilium's fork of GoBGP turns multipath TCP off, where Linux has no TCP_MD5SIG; the released GoBGP used here does not. Without the next line a
// peer with a password could not connect to an instance that has a localPort.
//
//go:debug multipathtcp=0
package main

import (
	"errors"

	"github.com/cilium/hive/cell"
	"github.com/cilium/statedb"

	"github.com/cilium/cilium/operator/pkg/bgpv2"
	"github.com/cilium/cilium/pkg/bgpv1"
	"github.com/cilium/cilium/pkg/bgpv1/agent"
	"github.com/cilium/cilium/pkg/datapath/tables"

	ciliumbgp "homeops.cluster/lab/cilium-bgp"
)

func main() {
	ciliumbgp.Main(ciliumbgp.Version{
		Operator: bgpv2.Cell,
		Agent: cell.Group(
			bgpv1.Cell, // both control planes, in spite of its name
			cell.Provide(
				func(m agent.BGPRouterManager) ciliumbgp.Routers { return m },
				datapathTables,
			),
		),
	})
}

// datapathTables are the tables that the datapath would fill; they stay empty.
func datapathTables(db *statedb.DB) (statedb.Table[*tables.Route], statedb.Table[*tables.Device], error) {
	routes, routesErr := tables.NewRouteTable()
	devices, devicesErr := tables.NewDeviceTable()
	if err := errors.Join(routesErr, devicesErr); err != nil {
		return nil, nil, err
	}
	return routes, devices, db.RegisterTable(routes, devices)
}
