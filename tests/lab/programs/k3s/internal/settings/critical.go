// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Critical is what every server of a cluster must share.
func (s *Settings) Critical() map[string]string {
	disable := slices.Clone(s.Disable)
	slices.Sort(disable)
	return map[string]string{
		"cluster-cidr": s.ClusterCIDR, "service-cidr": s.ServiceCIDR, "cluster-dns": s.ClusterDNS, "cluster-domain": s.ClusterDomain,
		"flannel-backend": s.FlannelBackend, "egress-selector-mode": s.EgressSelectorMode, "disable": strings.Join(slices.Compact(disable), ","),
		"disable-kube-proxy": fmt.Sprint(s.DisableKubeProxy), "disable-network-policy": fmt.Sprint(s.DisableNetworkPolicy),
		"disable-cloud-controller": fmt.Sprint(s.DisableCloudController), "disable-helm-controller": fmt.Sprint(s.DisableHelmController),
		"embedded-registry": fmt.Sprint(s.EmbeddedRegistry), "secrets-encryption": fmt.Sprint(s.SecretsEncryption),
	}
}

// CompareCritical is nil when a server with these settings may be part of a cluster with those.
func CompareCritical(mine, cluster map[string]string) error {
	different := []string{}
	for key, value := range mine {
		if value != cluster[key] {
			different = append(different, fmt.Sprintf("%s (%q here, %q in the cluster)", key, value, cluster[key]))
		}
	}
	if len(different) == 0 {
		return nil
	}
	slices.Sort(different)
	return fmt.Errorf("critical configuration value mismatch between servers: %s", strings.Join(different, ", "))
}
