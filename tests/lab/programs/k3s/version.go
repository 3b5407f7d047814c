// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"strings"
	_ "unsafe" // for go:linkname

	kubernetes "k8s.io/component-base/version"
)

// version is what a K3s release built from the same Kubernetes would report; -ldflags "-X main.version=…" sets another.
var version = "v1.35.4+k3s1"

// Kubernetes' own build sets these with -ldflags; the modules know only a placeholder, which no Helm chart with a kubeVersion accepts.
// Set here, any `go build` does.
var (
	//go:linkname gitVersion k8s.io/component-base/version.gitVersion
	gitVersion string
	//go:linkname gitMajor k8s.io/component-base/version.gitMajor
	gitMajor string
	//go:linkname gitMinor k8s.io/component-base/version.gitMinor
	gitMinor string
)

func init() {
	numbers := strings.Split(strings.TrimPrefix(version, "v"), ".")
	gitVersion, gitMajor, gitMinor = version, numbers[0], numbers[1]
	if err := kubernetes.SetDynamicVersion(version); err != nil {
		panic(err)
	}
}
