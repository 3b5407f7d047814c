// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"testing"

	"github.com/spf13/pflag"
)

func TestApply(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	fromMap, fromLine := flags.Bool("enable-lb-ipam", true, ""), flags.String("default-lb-service-ipam", "lbipam", "")
	if err := flags.Parse([]string{"--default-lb-service-ipam=none"}); err != nil {
		t.Fatal(err)
	}
	data := Data{"enable-lb-ipam": "false", "default-lb-service-ipam": "nodeipam", "of-another-part": "x"}
	if err := data.Apply(flags); err != nil || *fromMap || *fromLine != "none" {
		t.Errorf("%v %v %v", err, *fromMap, *fromLine)
	}
	if err := (Data{"enable-lb-ipam": "perhaps"}).Apply(pflagWith("enable-lb-ipam")); err == nil {
		t.Error("a bad value must be refused")
	}
}

func pflagWith(name string) *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Bool(name, true, "")
	return flags
}

func TestBool(t *testing.T) {
	data := Data{"yes": "true", "no": "false", "bad": "strict"}
	for key, want := range map[string]bool{"yes": true, "no": false, "missing": true} {
		if have, err := data.Bool(key, true); have != want || err != nil {
			t.Errorf("%s: %v, %v", key, have, err)
		}
	}
	if _, err := data.Bool("bad", true); err == nil {
		t.Error("a bad value must be refused")
	}
}
