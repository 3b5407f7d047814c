// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package mirror makes a CiliumNode from a Node: the BGP control plane reads only the former.
package mirror

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slimcorev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	"github.com/cilium/cilium/pkg/node/addressing"
)

// CiliumNode is what a Node's twin should be.
func CiliumNode(n *slimcorev1.Node) *ciliumv2.CiliumNode {
	twin := &ciliumv2.CiliumNode{ObjectMeta: metav1.ObjectMeta{
		Name: n.Name, Labels: maps.Clone(n.Labels), Annotations: maps.Clone(n.Annotations),
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: n.Name, UID: n.UID}},
	}}
	for _, a := range n.Status.Addresses {
		if string(a.Type) == string(corev1.NodeInternalIP) {
			twin.Spec.Addresses = append(twin.Spec.Addresses, ciliumv2.NodeAddress{Type: addressing.NodeInternalIP, IP: a.Address})
		}
	}
	if n.Spec.PodCIDR != "" {
		twin.Spec.IPAM.PodCIDRs = []string{n.Spec.PodCIDR}
	}
	return twin
}

// Update brings an existing twin up to date and tells whether that changed it; the rest of its spec is Cilium's.
func Update(have, want *ciliumv2.CiliumNode) bool {
	owned := func(a, b metav1.OwnerReference) bool { return a.UID == b.UID }
	if maps.Equal(have.Labels, want.Labels) && maps.Equal(have.Annotations, want.Annotations) && slices.Equal(have.Spec.Addresses, want.Spec.Addresses) &&
		slices.Equal(have.Spec.IPAM.PodCIDRs, want.Spec.IPAM.PodCIDRs) && slices.EqualFunc(have.OwnerReferences, want.OwnerReferences, owned) {
		return false
	}
	have.Labels, have.Annotations, have.OwnerReferences = want.Labels, want.Annotations, want.OwnerReferences
	have.Spec.Addresses, have.Spec.IPAM.PodCIDRs = want.Spec.Addresses, want.Spec.IPAM.PodCIDRs
	return true
}
