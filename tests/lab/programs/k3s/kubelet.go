// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"homeops.cluster/lab/k3s/internal/nodes"
	"homeops.cluster/lab/k3s/internal/pods"
	"homeops.cluster/lab/k3s/internal/settings"
)

const (
	imagesFile = "/etc/lab/images.yaml"
	cniConfigs = "/etc/cni/net.d/*.conf*"
	heartbeat  = 10 * time.Second
	look       = 300 * time.Millisecond // at the host: the CNI configuration
)

// kubelet keeps one Node and the status of its pods. It has no containers: images in imagesFile run as host programs, other pods only count as running.
type kubelet struct {
	client   kubernetes.Interface
	settings *settings.Settings
	member   *etcd // nil on an agent
	wake     chan struct{}
	running  map[types.UID]*hostPod
	podCIDR  string
	ready    bool
}

// hostPod is what a pod has on this host.
type hostPod struct {
	ip       string
	programs map[string]*program // by container
}

func newKubelet(client kubernetes.Interface, s *settings.Settings, member *etcd) *kubelet {
	return &kubelet{client: client, settings: s, member: member, wake: make(chan struct{}, 1), running: map[types.UID]*hostPod{}}
}

func kubeletKubeconfig(s *settings.Settings) string { return s.Path("agent/kubelet.kubeconfig") }

func (k *kubelet) facts() nodes.Facts {
	var host syscall.Utsname
	kernel := []byte{}
	if syscall.Uname(&host) == nil {
		for _, c := range host.Release {
			if c == 0 {
				break
			}
			kernel = append(kernel, byte(c))
		}
	}
	return nodes.Facts{Name: k.settings.NodeName, IP: k.settings.NodeIP, Version: version, OSImage: osName(), Kernel: string(kernel),
		Server: k.member != nil, NetworkReady: k.networkReady()}
}

func osName() string {
	raw, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(raw)) {
		if name, found := strings.CutPrefix(line, "PRETTY_NAME="); found {
			return strings.Trim(strings.TrimSpace(name), `"`)
		}
	}
	return "Linux"
}

// networkReady is what the container runtime would report: a CNI configuration exists, or flannel is K3s' own.
func (k *kubelet) networkReady() bool {
	files, _ := filepath.Glob(cniConfigs)
	return k.settings.FlannelBackend != "none" || len(files) > 0
}

// register makes the Node if there is none, and waits for the end of one that is being deleted.
func (k *kubelet) register(ctx context.Context) error {
	name := ""
	if k.member != nil {
		self, err := k.member.self()
		if err != nil {
			return err
		}
		name = self.Name
	}
	return until(ctx, 500*time.Millisecond, "the registration of the node", func(ctx context.Context) error {
		if err := checkPassword(ctx, k.client, k.settings.NodeName); err != nil {
			return err
		}
		api := k.client.CoreV1().Nodes()
		have, err := api.Get(ctx, k.settings.NodeName, metav1.GetOptions{})
		if err == nil && have.DeletionTimestamp != nil {
			return errors.New("the old Node is being deleted")
		}
		if apierrors.IsNotFound(err) {
			_, err = api.Create(ctx, nodes.New(k.facts(), k.settings.NodeLabel, k.settings.NodeTaint, name), metav1.CreateOptions{})
		}
		return err
	})
}

func (k *kubelet) poke() { poke(k.wake) }

// run works on wake-ups: a pod changed, a program changed, the network changed, or it is time for a heartbeat.
func (k *kubelet) run(ctx context.Context) {
	factory := informers.NewSharedInformerFactoryWithOptions(k.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", k.settings.NodeName).String()
	}))
	informer := factory.Core().V1().Pods().Informer()
	if _, err := informer.AddEventHandler(waker(k.wake)); err != nil {
		log.Print(err)
		return
	}
	factory.Start(ctx.Done())
	next := time.Time{}
	for ctx.Err() == nil {
		if ready := k.networkReady(); ready != k.ready || !time.Now().Before(next) {
			k.ready = ready
			wait := heartbeat
			if err := k.beat(ctx); err != nil {
				log.Printf("heartbeat: %v", err)
				wait = time.Second
			}
			next = time.Now().Add(wait)
		}
		list := informer.GetStore().List()
		present := map[types.UID]bool{}
		for _, object := range list {
			pod := object.(*corev1.Pod)
			present[pod.UID] = true
			if err := k.sync(ctx, pod); err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
				log.Printf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
			}
		}
		for uid, host := range k.running {
			if informer.HasSynced() && !present[uid] && k.stopped(host) {
				delete(k.running, uid)
			}
		}
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-time.After(look):
		}
	}
}

// beat writes the Node's status when it is not what it should be, and renews the lease.
func (k *kubelet) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		node, err := k.client.CoreV1().Nodes().Get(ctx, k.settings.NodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		k.podCIDR = node.Spec.PodCIDR
		want := nodes.Status(node.Status, k.facts(), metav1.Now())
		if !equality.Semantic.DeepEqual(node.Status, want) {
			node.Status = want
			if _, err = k.client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); apierrors.IsConflict(err) {
				continue
			} else if err != nil {
				return err
			}
		}
		return k.renewLease(ctx)
	}
}

func (k *kubelet) renewLease(ctx context.Context) error {
	leases, now, seconds := k.client.CoordinationV1().Leases("kube-node-lease"), metav1.NowMicro(), int32(40)
	lease, err := leases.Get(ctx, k.settings.NodeName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: k.settings.NodeName},
			Spec: coordinationv1.LeaseSpec{HolderIdentity: &k.settings.NodeName, LeaseDurationSeconds: &seconds, RenewTime: &now}}, metav1.CreateOptions{})
		return err
	} else if err != nil {
		return err
	}
	lease.Spec.RenewTime = &now
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}

func (k *kubelet) sync(ctx context.Context, pod *corev1.Pod) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	host := k.running[pod.UID]
	api := k.client.CoreV1().Pods(pod.Namespace)
	if pod.DeletionTimestamp != nil {
		if host != nil && !k.stopped(host) {
			return nil
		}
		delete(k.running, pod.UID)
		now := int64(0)
		return api.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
	}
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || (!pod.Spec.HostNetwork && !k.ready) {
		return nil
	}
	if host == nil {
		var err error
		if host, err = k.start(ctx, pod); err != nil {
			return err
		}
		k.running[pod.UID] = host
	}
	states := map[string]pods.Container{}
	for name, p := range host.programs {
		states[name] = p.look()
	}
	want := pod.DeepCopy()
	want.Status = pods.Status(pod, k.settings.NodeIP, host.ip, states, metav1.Now())
	if equality.Semantic.DeepEqual(pod.Status, want.Status) {
		return nil
	}
	_, err := api.UpdateStatus(ctx, want, metav1.UpdateOptions{})
	return err
}

// start gives a pod its address and its programs.
func (k *kubelet) start(ctx context.Context, pod *corev1.Pod) (*hostPod, error) {
	host := &hostPod{ip: k.settings.NodeIP, programs: map[string]*program{}}
	if !pod.Spec.HostNetwork {
		ip, err := k.podIP(pod)
		if err != nil {
			return nil, err
		}
		host.ip = ip
	}
	known := pods.Programs{}
	if raw, err := os.ReadFile(imagesFile); err == nil {
		if err := yaml.Unmarshal(raw, &known); err != nil {
			return nil, err
		}
	}
	vars := map[string]string{"NODE_NAME": k.settings.NodeName, "NODE_IP": k.settings.NodeIP, "POD_NAMESPACE": pod.Namespace,
		"SERVICE_ACCOUNT": pod.Spec.ServiceAccountName, "KUBECONFIG": kubeletKubeconfig(k.settings)}
	starts := map[string]func() *program{}
	for _, container := range pod.Spec.Containers {
		if stands, ok := known.StandIn(container.Image); ok {
			argv, env, err := stands.Command(pod, container, vars, k.data(ctx, pod.Namespace))
			if err != nil {
				return nil, err
			}
			logs := filepath.Join("/var/log/pods", strings.Join([]string{pod.Namespace, pod.Name, string(pod.UID)}, "_"), container.Name, "0.log")
			starts[container.Name] = func() *program { return startProgram(argv, env, logs, pods.ProbeURL(container, host.ip), k.poke) }
		}
	}
	for name, start := range starts { // all of them or none: a pod that is not in k.running is tried again
		host.programs[name] = start()
	}
	return host, nil
}

// data reads what the variables of a pod refer to, each object once.
func (k *kubelet) data(ctx context.Context, namespace string) pods.Data {
	read := map[string]map[string]string{}
	return func(kind, name string) (map[string]string, error) {
		if have, done := read[kind+"/"+name]; done {
			return have, nil
		}
		var found map[string]string
		var err error
		if kind == "Secret" {
			var secret *corev1.Secret
			if secret, err = k.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{}); err == nil {
				found = map[string]string{}
				for key, value := range secret.Data {
					found[key] = string(value)
				}
			}
		} else {
			var configMap *corev1.ConfigMap
			if configMap, err = k.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{}); err == nil {
				found = configMap.Data
			}
		}
		if err != nil && !apierrors.IsNotFound(err) {
			return nil, err
		}
		read[kind+"/"+name] = found
		return found, nil
	}
}

func (k *kubelet) podIP(pod *corev1.Pod) (string, error) {
	if pod.Status.PodIP != "" {
		return pod.Status.PodIP, nil
	}
	used := map[string]bool{}
	for _, other := range k.running {
		used[other.ip] = true
	}
	return pods.FreeIP(k.podCIDR, used)
}

// stopped asks the programs of a pod to end, and tells whether they have.
func (k *kubelet) stopped(host *hostPod) bool {
	for _, p := range host.programs {
		p.stop()
	}
	for _, p := range host.programs {
		select {
		case <-p.ended:
		default:
			return false
		}
	}
	return true
}
