// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package nodes says what a Node looks like.
package nodes

import (
	"runtime"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Finalizers hold a deleted Node until a server has cleaned up after it (K3s uses these names).
const (
	NodeFinalizer = "wrangler.cattle.io/node"
	EtcdFinalizer = "wrangler.cattle.io/managed-etcd-controller"
)

// Facts are what a kubelet knows about its host.
type Facts struct {
	Name, IP, Version, OSImage, Kernel string
	Server, NetworkReady               bool
}

// New is the Node to register: labels and taints count at the first registration only.
func New(f Facts, labels, taints []string, etcdName string) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: f.Name, Finalizers: []string{NodeFinalizer},
		Annotations: map[string]string{"k3s.io/hostname": f.Name, "k3s.io/internal-ip": f.IP},
		Labels: map[string]string{"kubernetes.io/hostname": f.Name, "kubernetes.io/os": "linux", "kubernetes.io/arch": runtime.GOARCH,
			"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": runtime.GOARCH, "node.kubernetes.io/instance-type": "k3s"},
	}}
	if f.Server {
		node.Finalizers = append(node.Finalizers, EtcdFinalizer)
		node.Labels["node-role.kubernetes.io/control-plane"], node.Labels["node-role.kubernetes.io/etcd"] = "true", "true"
		node.Annotations["etcd.k3s.cattle.io/node-name"], node.Annotations["etcd.k3s.cattle.io/node-address"] = etcdName, f.IP
	}
	for _, label := range labels {
		key, value, _ := strings.Cut(label, "=")
		node.Labels[key] = value
	}
	for _, taint := range taints {
		node.Spec.Taints = append(node.Spec.Taints, parseTaint(taint))
	}
	return node
}

// parseTaint reads KEY=VALUE:EFFECT and KEY:EFFECT.
func parseTaint(text string) corev1.Taint {
	i := strings.LastIndex(text, ":")
	if i < 0 {
		return corev1.Taint{Key: text}
	}
	key, value, _ := strings.Cut(text[:i], "=")
	return corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(text[i+1:])}
}

const networkNotReady = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"

// Status is what the kubelet would report; times move only when something else does.
func Status(have corev1.NodeStatus, f Facts, now metav1.Time) corev1.NodeStatus {
	want := *have.DeepCopy()
	want.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: f.IP}, {Type: corev1.NodeHostName, Address: f.Name}}
	want.Capacity = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi"), corev1.ResourcePods: resource.MustParse("110")}
	want.Allocatable = want.Capacity
	want.NodeInfo.KubeletVersion, want.NodeInfo.OperatingSystem, want.NodeInfo.Architecture = f.Version, "linux", runtime.GOARCH
	want.NodeInfo.OSImage, want.NodeInfo.KernelVersion, want.NodeInfo.ContainerRuntimeVersion = f.OSImage, f.Kernel, "standin://0"
	for _, pressure := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		set(&want, now, pressure, corev1.ConditionFalse, "KubeletHasSufficient", "")
	}
	if f.NetworkReady {
		set(&want, now, corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status")
	} else {
		set(&want, now, corev1.NodeReady, corev1.ConditionFalse, "KubeletNotReady", networkNotReady)
	}
	if f.Server { // the kubelet of a server starts after its member has become a voter
		set(&want, now, "EtcdIsVoter", corev1.ConditionTrue, "MemberNotLearner", "Node is a voting member of the etcd cluster")
	}
	return want
}

func set(status *corev1.NodeStatus, now metav1.Time, kind corev1.NodeConditionType, value corev1.ConditionStatus, reason, message string) {
	want := corev1.NodeCondition{Type: kind, Status: value, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now}
	for i, have := range status.Conditions {
		if have.Type != kind {
			continue
		}
		if have.Status == value {
			want.LastTransitionTime = have.LastTransitionTime
			if have.Reason == reason && have.Message == message {
				want.LastHeartbeatTime = have.LastHeartbeatTime
			}
		}
		status.Conditions[i] = want
		return
	}
	status.Conditions = append(status.Conditions, want)
}
