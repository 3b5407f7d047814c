// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package config brings the ConfigMap cilium-config to the parts of Cilium that run here: its keys are Cilium's own options.
package config

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// Data is the content of cilium-config.
type Data map[string]string

// Default is for running without a ConfigMap: the BGP control plane is on.
func Default() Data {
	return Data{"enable-bgp-control-plane": "true", "bgp-secrets-namespace": "kube-system", "ipam": "cluster-pool"}
}

// Bool is a switch, or what Cilium takes when the key is missing.
func (d Data) Bool(key string, missing bool) (bool, error) {
	text, there := d[key]
	if !there {
		return missing, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s: %q is neither true nor false", key, text)
	}
	return value, nil
}

// String is an option, or what Cilium takes when the key is missing.
func (d Data) String(key, missing string) string {
	if text, there := d[key]; there {
		return text
	}
	return missing
}

// Apply sets the flags that the parts of Cilium have registered; flags given on the command line stay, keys of absent parts are passed over.
func (d Data) Apply(flags *pflag.FlagSet) error {
	for key, value := range d {
		if flag := flags.Lookup(key); flag != nil && !flag.Changed {
			if err := flags.Set(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}
