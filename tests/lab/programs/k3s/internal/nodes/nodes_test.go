// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package nodes

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var server = Facts{Name: "server1", IP: "192.0.2.11", Version: "v1", Server: true}

func ready(status corev1.NodeStatus) (corev1.ConditionStatus, time.Time) {
	for _, c := range status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status, c.LastTransitionTime.Time
		}
	}
	return "", time.Time{}
}

func TestReadyFollowsTheNetwork(t *testing.T) {
	status, facts := corev1.NodeStatus{}, server
	for i, c := range []struct {
		network bool
		status  corev1.ConditionStatus
		since   int64
	}{{false, corev1.ConditionFalse, 0}, {true, corev1.ConditionTrue, 1}, {true, corev1.ConditionTrue, 1}, {false, corev1.ConditionFalse, 3}} {
		facts.NetworkReady = c.network
		status = Status(status, facts, metav1.Unix(int64(i), 0))
		if have, since := ready(status); have != c.status || since.Unix() != c.since {
			t.Errorf("step %d: %s since %d", i, have, since.Unix())
		}
	}
}

func TestNothingNewNothingWritten(t *testing.T) {
	before := Status(corev1.NodeStatus{}, server, metav1.Unix(0, 0))
	if after := Status(before, server, metav1.Unix(100, 0)); !reflect.DeepEqual(before, after) {
		t.Errorf("%+v", after)
	}
}

func TestNew(t *testing.T) {
	agent := New(Facts{Name: "agent1", IP: "192.0.2.21"}, []string{"a=b", "flag"}, []string{"k=v:NoSchedule", "k:NoExecute"}, "")
	wantTaints := []corev1.Taint{{Key: "k", Value: "v", Effect: "NoSchedule"}, {Key: "k", Effect: "NoExecute"}}
	if agent.Labels["a"] != "b" || !reflect.DeepEqual(agent.Spec.Taints, wantTaints) || !reflect.DeepEqual(agent.Finalizers, []string{NodeFinalizer}) {
		t.Errorf("%+v", agent)
	}
	if _, there := agent.Labels["flag"]; !there {
		t.Error("a label without a value")
	}
	if _, there := agent.Labels["node-role.kubernetes.io/etcd"]; there {
		t.Error("an agent is no etcd member")
	}
	node := New(server, nil, nil, "server1-0a")
	if node.Annotations["etcd.k3s.cattle.io/node-name"] != "server1-0a" || len(node.Finalizers) != 2 {
		t.Errorf("%+v", node)
	}
}
