// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package pods says which host program stands for an image, and what the status of a pod is.
package pods

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Program is a host program that stands for an image. Arguments: the container's command line follows Argv.
type Program struct {
	Argv      []string `json:"argv"`
	Arguments bool     `json:"arguments"`
}

// Data reads a ConfigMap or a Secret of the pod's namespace; nil is one that is not there.
type Data func(kind, name string) (map[string]string, error)

// Programs is the images file: names of images, with a tag where one tag has a program of its own.
type Programs map[string]Program

// StandIn is the program for an image, whose digest does not matter.
func (known Programs) StandIn(image string) (Program, bool) {
	image, _, _ = strings.Cut(image, "@")
	if program, ok := known[image]; ok {
		return program, true
	}
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		image = image[:i]
	}
	program, ok := known[image]
	return program, ok
}

// Command is a program's command line and environment: $(NAME) is expanded, known are vars and the container's own variables.
func (p Program) Command(pod *corev1.Pod, container corev1.Container, vars map[string]string, data Data) (argv, env []string, err error) {
	pairs := []string{}
	add := func(name, value string) {
		pairs = append(pairs, "$("+name+")", value)
		env = append(env, name+"="+value)
	}
	for name, value := range vars {
		add(name, value)
	}
	for _, e := range container.Env {
		value, there, err := variable(pod, e, data)
		if err != nil {
			return nil, nil, err
		}
		if there {
			add(e.Name, value)
		}
	}
	expand := strings.NewReplacer(pairs...)
	argv = slices.Clone(p.Argv)
	if p.Arguments {
		argv = slices.Concat(argv, container.Command, container.Args)
	}
	for i := range argv {
		argv[i] = expand.Replace(argv[i])
	}
	return argv, env, nil
}

// variable is the value of a container's variable, which is not there when it comes from an optional key that is not there.
func variable(pod *corev1.Pod, e corev1.EnvVar, data Data) (value string, there bool, err error) {
	from := e.ValueFrom
	switch {
	case from == nil:
		return e.Value, true, nil
	case from.FieldRef != nil:
		return field(pod, from.FieldRef.FieldPath), true, nil
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		return key(data, "ConfigMap", ref.Name, ref.Key, ref.Optional)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		return key(data, "Secret", ref.Name, ref.Key, ref.Optional)
	}
	return "", false, nil
}

func key(data Data, kind, name, key string, optional *bool) (value string, there bool, err error) {
	object, err := data(kind, name)
	if err != nil {
		return "", false, err
	}
	value, there = object[key]
	if !there && (optional == nil || !*optional) {
		return "", false, fmt.Errorf("there is no key %s in %s %s", key, kind, name)
	}
	return value, there, nil
}

func field(pod *corev1.Pod, path string) string {
	return map[string]string{
		"metadata.name": pod.Name, "metadata.namespace": pod.Namespace, "metadata.uid": string(pod.UID),
		"spec.nodeName": pod.Spec.NodeName, "spec.serviceAccountName": pod.Spec.ServiceAccountName,
	}[path]
}

// ProbeURL is where a container's readiness is asked; empty means that it is ready while it runs.
func ProbeURL(container corev1.Container, hostIP string) string {
	if container.ReadinessProbe == nil || container.ReadinessProbe.HTTPGet == nil {
		return ""
	}
	get := container.ReadinessProbe.HTTPGet
	host, scheme := get.Host, strings.ToLower(string(get.Scheme))
	if host == "" {
		host = hostIP
	}
	if scheme == "" {
		scheme = "http"
	}
	return fmt.Sprintf("%s://%s%s", scheme, net.JoinHostPort(host, get.Port.String()), get.Path)
}

// FreeIP is the lowest address of a node's pod network that no pod has; .0 and .1 are not for pods.
func FreeIP(network string, used map[string]bool) (string, error) {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return "", err
	}
	for ip := prefix.Masked().Addr().Next().Next(); prefix.Contains(ip); ip = ip.Next() {
		if !used[ip.String()] {
			return ip.String(), nil
		}
	}
	return "", fmt.Errorf("no address left in %s", network)
}

// Container is the state of a host program.
type Container struct {
	Ready    bool
	Restarts int32
	Failure  string // why it is not running
}

// Status is what the kubelet would report: containers without a program count as running; a pod that must not restart runs once, then has succeeded.
func Status(pod *corev1.Pod, hostIP, podIP string, programs map[string]Container, now metav1.Time) corev1.PodStatus {
	want := *pod.Status.DeepCopy()
	want.HostIP, want.HostIPs = hostIP, []corev1.HostIP{{IP: hostIP}}
	want.PodIP, want.PodIPs = podIP, []corev1.PodIP{{IP: podIP}}
	if want.StartTime == nil {
		want.StartTime = &now
	}
	ended := pod.Spec.RestartPolicy != corev1.RestartPolicyAlways && pod.Status.Phase == corev1.PodRunning
	want.Phase = corev1.PodRunning
	if ended {
		want.Phase = corev1.PodSucceeded
	}
	want.InitContainerStatuses, want.ContainerStatuses = nil, nil
	for _, c := range pod.Spec.InitContainers {
		want.InitContainerStatuses = append(want.InitContainerStatuses, completed(c, *want.StartTime))
	}
	allReady := true
	for _, c := range pod.Spec.Containers {
		if ended {
			want.ContainerStatuses = append(want.ContainerStatuses, completed(c, *want.StartTime))
			continue
		}
		status := containerStatus(c, programs, *want.StartTime)
		allReady = allReady && status.Ready
		want.ContainerStatuses = append(want.ContainerStatuses, status)
	}
	for _, kind := range []corev1.PodConditionType{corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodScheduled} {
		set(&want, now, kind, true, "")
	}
	reason := ""
	if ended {
		reason = "PodCompleted"
	} else if !allReady {
		reason = "ContainersNotReady"
	}
	set(&want, now, corev1.ContainersReady, allReady && !ended, reason)
	set(&want, now, corev1.PodReady, allReady && !ended, reason)
	return want
}

func containerStatus(c corev1.Container, programs map[string]Container, since metav1.Time) corev1.ContainerStatus {
	state, known := programs[c.Name]
	if !known {
		state.Ready = true
	}
	started := state.Failure == ""
	status := corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, Ready: state.Ready, Started: &started, RestartCount: state.Restarts}
	if started {
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: since}
	} else {
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: state.Failure}
	}
	return status
}

func completed(c corev1.Container, since metav1.Time) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: since, FinishedAt: since}}}
}

func set(status *corev1.PodStatus, now metav1.Time, kind corev1.PodConditionType, value bool, reason string) {
	want := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, LastTransitionTime: now}
	if value {
		want.Status = corev1.ConditionTrue
	}
	for i, have := range status.Conditions {
		if have.Type == kind {
			if have.Status != want.Status || have.Reason != reason {
				status.Conditions[i] = want
			}
			return
		}
	}
	status.Conditions = append(status.Conditions, want)
}
