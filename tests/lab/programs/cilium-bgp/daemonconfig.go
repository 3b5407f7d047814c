// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"errors"

	"github.com/cilium/hive/cell"

	ipamoption "github.com/cilium/cilium/pkg/ipam/option"
	"github.com/cilium/cilium/pkg/k8s/client"
	"github.com/cilium/cilium/pkg/metrics"
	"github.com/cilium/cilium/pkg/option"

	"homeops.cluster/lab/cilium-bgp/internal/config"
)

// setDaemonConfig fills Cilium's global configuration: the BGP manager and LB-IPAM read the global.
func setDaemonConfig(data config.Data) error {
	c := option.Config
	problems := []error{}
	set := func(into *bool, key string, missing bool) {
		value, err := data.Bool(key, missing)
		*into = value
		problems = append(problems, err)
	}
	set(&c.EnableBGPControlPlane, option.EnableBGPControlPlane, false)
	set(&c.EnableBGPControlPlaneStatusReport, option.EnableBGPControlPlaneStatusReport, true)
	set(&c.EnableIPv4, option.EnableIPv4Name, true)
	set(&c.EnableIPv6, option.EnableIPv6Name, false)
	c.BGPSecretsNamespace = data.String(option.BGPSecretsNamespace, "")
	c.BGPRouterIDAllocationMode = data.String(option.BGPRouterIDAllocationMode, option.BGPRouterIDAllocationModeDefault)
	c.BGPRouterIDAllocationIPPool = data.String(option.BGPRouterIDAllocationIPPool, "")
	c.IPAM = data.String("ipam", ipamoption.IPAMClusterPool)
	return errors.Join(problems...)
}

// common to agent and operator: a real API client, metrics, the configuration. Jobs, StateDB and health come with Cilium's hive.
var common = cell.Group(client.Cell, metrics.Cell, cell.Provide(func() *option.DaemonConfig { return option.Config }))
