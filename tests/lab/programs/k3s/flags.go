// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"homeops.cluster/lab/k3s/internal/settings"
)

var shorthands = map[string]string{"server": "s", "token": "t", "data-dir": "d"}

// withSettings gives a command K3s' flags; those that the stand-in does not honour are accepted and passed over.
func withSettings(cmd *cobra.Command, run func(*settings.Settings) error) *cobra.Command {
	cmd.FParseErrWhitelist.UnknownFlags, cmd.Args = true, cobra.ArbitraryArgs
	flags := cmd.Flags()
	path := flags.StringP("config", "c", "/etc/rancher/k3s/config.yaml", "configuration file")
	for _, name := range settings.Strings {
		flags.StringP(name, shorthands[name], "", "")
	}
	for _, name := range settings.Bools {
		flags.Bool(name, false, "")
	}
	for _, name := range settings.Lists {
		flags.StringSlice(name, nil, "")
	}
	cmd.RunE = func(*cobra.Command, []string) error {
		given := map[string]any{}
		flags.Visit(func(flag *pflag.Flag) {
			if list, ok := flag.Value.(pflag.SliceValue); ok {
				given[flag.Name] = list.GetSlice()
			} else if flag.Name != "config" {
				given[flag.Name] = flag.Value.String()
			}
		})
		s, err := settings.Load(*path, given)
		if err != nil {
			return err
		}
		return run(s)
	}
	return cmd
}
