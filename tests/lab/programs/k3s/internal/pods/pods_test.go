// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package pods

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestStandIn(t *testing.T) {
	known := Programs{}
	for _, name := range []string{"quay.io/cilium/cilium", "quay.io/cilium/cilium:v1.18.6", "registry:5000/a/b", "tagged:1"} {
		known[name] = Program{Argv: []string{name}}
	}
	for image, want := range map[string]string{
		"quay.io/cilium/cilium:v1.19.0":               "quay.io/cilium/cilium",
		"quay.io/cilium/cilium:v1.19.0@sha256:abcdef": "quay.io/cilium/cilium",
		"quay.io/cilium/cilium:v1.18.6":               "quay.io/cilium/cilium:v1.18.6",
		"quay.io/cilium/cilium:v1.18.6@sha256:abcdef": "quay.io/cilium/cilium:v1.18.6",
		"registry:5000/a/b":                           "registry:5000/a/b",
		"registry:5000/a/b:tag":                       "registry:5000/a/b",
	} {
		if have, ok := known.StandIn(image); !ok || have.Argv[0] != want {
			t.Errorf("%s: %s", image, have.Argv)
		}
	}
	for _, image := range []string{"nginx", "tagged", "tagged:2", "registry:5000/a"} {
		if have, ok := known.StandIn(image); ok {
			t.Errorf("%s: %s", image, have.Argv)
		}
	}
}

func TestCommand(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "n"}, Spec: corev1.PodSpec{NodeName: "node1"}}
	container := corev1.Container{Env: []corev1.EnvVar{
		{Name: "LEVEL", Value: "debug"},
		{Name: "WHERE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}}},
	}}
	program := Program{Argv: []string{"/bin/x", "--at=$(WHERE)/$(NODE_IP)", "$(LEVEL)", "$(UNKNOWN)"}}
	argv, env, err := program.Command(pod, container, map[string]string{"NODE_IP": "192.0.2.1"}, nil)
	if want := []string{"/bin/x", "--at=node1/192.0.2.1", "debug", "$(UNKNOWN)"}; err != nil || !reflect.DeepEqual(argv, want) {
		t.Error(argv, err)
	}
	slices.Sort(env)
	if want := []string{"LEVEL=debug", "NODE_IP=192.0.2.1", "WHERE=node1"}; !reflect.DeepEqual(env, want) {
		t.Error(env)
	}
}

func TestTheContainersCommandLineFollows(t *testing.T) {
	container := corev1.Container{Command: []string{"/bin/y"}, Args: []string{"--level=$(LEVEL)"}, Env: []corev1.EnvVar{{Name: "LEVEL", Value: "debug"}}}
	program := Program{Argv: []string{"/bin/x"}, Arguments: true}
	for range 2 { // the program itself stays as it is
		argv, _, err := program.Command(&corev1.Pod{}, container, nil, nil)
		if want := []string{"/bin/x", "/bin/y", "--level=debug"}; err != nil || !reflect.DeepEqual(argv, want) {
			t.Error(argv, err)
		}
	}
}

func TestVariablesFromConfigMapsAndSecrets(t *testing.T) {
	data := func(kind, name string) (map[string]string, error) {
		if name == "broken" {
			return nil, errors.New("no answer")
		}
		return map[string]map[string]string{"ConfigMap/c": {"level": "debug"}, "Secret/s": {"password": "x"}}[kind+"/"+name], nil
	}
	optional := true
	configMap := func(name, key string, optional *bool) corev1.EnvVar {
		return corev1.EnvVar{Name: "V", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: optional}}}
	}
	secret := corev1.EnvVar{Name: "V", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "password"}}}
	for name, c := range map[string]struct {
		variable corev1.EnvVar
		env      []string
		fails    bool
	}{
		"key of a ConfigMap":     {configMap("c", "level", nil), []string{"V=debug"}, false},
		"key of a Secret":        {secret, []string{"V=x"}, false},
		"optional key":           {configMap("c", "other", &optional), nil, false},
		"key that must be there": {configMap("c", "other", nil), nil, true},
		"optional ConfigMap":     {configMap("none", "level", &optional), nil, false},
		"no ConfigMap":           {configMap("none", "level", nil), nil, true},
		"no answer":              {configMap("broken", "level", &optional), nil, true},
	} {
		_, env, err := Program{Argv: []string{"/bin/x"}}.Command(&corev1.Pod{}, corev1.Container{Env: []corev1.EnvVar{c.variable}}, nil, data)
		if !reflect.DeepEqual(env, c.env) || (err != nil) != c.fails {
			t.Errorf("%s: %s, %v", name, env, err)
		}
	}
}

func TestProbeURL(t *testing.T) {
	probe := func(get *corev1.HTTPGetAction) corev1.Container {
		return corev1.Container{ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: get}}}
	}
	for want, container := range map[string]corev1.Container{
		"":                               {},
		"http://192.0.2.1:80/ready":      probe(&corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromInt32(80)}),
		"https://127.0.0.1:9879/healthz": probe(&corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(9879), Host: "127.0.0.1", Scheme: "HTTPS"}),
	} {
		if have := ProbeURL(container, "192.0.2.1"); have != want {
			t.Errorf("%s instead of %s", have, want)
		}
	}
}

func TestFreeIP(t *testing.T) {
	for name, c := range map[string]struct {
		network string
		used    map[string]bool
		want    string
	}{
		"first":      {"10.42.1.0/24", nil, "10.42.1.2"},
		"next":       {"10.42.1.0/24", map[string]bool{"10.42.1.2": true, "10.42.1.4": true}, "10.42.1.3"},
		"full":       {"10.42.1.0/30", map[string]bool{"10.42.1.2": true, "10.42.1.3": true}, ""},
		"no network": {"", nil, ""},
	} {
		if have, err := FreeIP(c.network, c.used); have != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %s, %v", name, have, err)
		}
	}
}

func pod(policy corev1.RestartPolicy) *corev1.Pod {
	return &corev1.Pod{Spec: corev1.PodSpec{RestartPolicy: policy, InitContainers: []corev1.Container{{Name: "init"}}, Containers: []corev1.Container{{Name: "a"}, {Name: "b"}}}}
}

func isReady(status corev1.PodStatus) bool {
	for _, c := range status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func TestStatus(t *testing.T) {
	for name, c := range map[string]struct {
		programs map[string]Container
		ready    bool
		waiting  string
	}{
		"no program":            {nil, true, ""},
		"a program that is up":  {map[string]Container{"a": {Ready: true}}, true, ""},
		"not ready yet":         {map[string]Container{"a": {}}, false, ""},
		"a program that failed": {map[string]Container{"a": {Failure: "exit status 1", Restarts: 3}}, false, "exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			status := Status(pod(corev1.RestartPolicyAlways), "192.0.2.1", "10.42.0.2", c.programs, metav1.Unix(1, 0))
			if isReady(status) != c.ready || status.Phase != corev1.PodRunning || status.PodIP != "10.42.0.2" {
				t.Errorf("%+v", status)
			}
			if first := status.ContainerStatuses[0]; (first.State.Waiting != nil) != (c.waiting != "") || c.waiting != "" && first.State.Waiting.Message != c.waiting {
				t.Errorf("%+v", first)
			}
		})
	}
}

func TestStatusOfAJob(t *testing.T) {
	p := pod(corev1.RestartPolicyNever)
	for _, want := range []corev1.PodPhase{corev1.PodRunning, corev1.PodSucceeded} {
		if p.Status = Status(p, "192.0.2.1", "10.42.0.2", nil, metav1.Unix(1, 0)); p.Status.Phase != want {
			t.Errorf("%s instead of %s", p.Status.Phase, want)
		}
	}
}

func TestStatusIsStable(t *testing.T) {
	p := pod(corev1.RestartPolicyAlways)
	p.Status = Status(p, "192.0.2.1", "10.42.0.2", nil, metav1.Unix(1, 0))
	if again := Status(p, "192.0.2.1", "10.42.0.2", nil, metav1.Unix(9, 0)); !reflect.DeepEqual(p.Status, again) {
		t.Errorf("%+v", again)
	}
}
