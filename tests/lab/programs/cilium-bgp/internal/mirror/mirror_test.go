// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package mirror

import (
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slimcorev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slimmetav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
)

func node() *slimcorev1.Node {
	return &slimcorev1.Node{
		ObjectMeta: slimmetav1.ObjectMeta{Name: "server1", UID: "1", Labels: map[string]string{"bgp": "true"}},
		Spec:       slimcorev1.NodeSpec{PodCIDR: "10.42.0.0/24"},
		Status:     slimcorev1.NodeStatus{Addresses: []slimcorev1.NodeAddress{{Type: "Hostname", Address: "server1"}, {Type: "InternalIP", Address: "192.0.2.11"}}},
	}
}

func TestCiliumNode(t *testing.T) {
	twin := CiliumNode(node())
	if len(twin.Spec.Addresses) != 1 || twin.Spec.Addresses[0].IP != "192.0.2.11" || twin.Spec.IPAM.PodCIDRs[0] != "10.42.0.0/24" || twin.Labels["bgp"] != "true" {
		t.Errorf("%+v", twin)
	}
}

func TestUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*slimcorev1.Node)
		changed bool
	}{
		"nothing":       {func(*slimcorev1.Node) {}, false},
		"a label":       {func(n *slimcorev1.Node) { n.Labels = nil }, true},
		"an annotation": {func(n *slimcorev1.Node) { n.Annotations = map[string]string{"a": "b"} }, true},
		"the address":   {func(n *slimcorev1.Node) { n.Status.Addresses[1].Address = "192.0.2.12" }, true},
		"the network":   {func(n *slimcorev1.Node) { n.Spec.PodCIDR = "10.42.1.0/24" }, true},
		"the Node":      {func(n *slimcorev1.Node) { n.UID = "2" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			have, changed := CiliumNode(node()), node()
			have.Spec.Encryption = ciliumv2.EncryptionSpec{Key: 7}
			c.change(changed)
			if Update(have, CiliumNode(changed)) != c.changed || Update(have, CiliumNode(changed)) {
				t.Error("changed once, and only once")
			}
			if have.Spec.Encryption.Key != 7 {
				t.Error("what is Cilium's must stay")
			}
		})
	}
}
