// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"homeops.cluster/lab/k3s/internal/nodes"
	"homeops.cluster/lab/k3s/internal/pki"
)

// cleanUpNodes removes what belongs to a deleted Node: its etcd member and its node password.
func cleanUpNodes(ctx context.Context, client kubernetes.Interface, member *etcd) {
	wake := make(chan struct{}, 1)
	factory := informers.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().Nodes().Informer()
	if _, err := informer.AddEventHandler(waker(wake)); err != nil {
		log.Print(err)
		return
	}
	factory.Start(ctx.Done())
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-time.After(2 * time.Second):
		}
		for _, object := range informer.GetStore().List() {
			if node := object.(*corev1.Node); node.DeletionTimestamp != nil {
				if err := cleanUpNode(ctx, client, member, node.DeepCopy()); err != nil {
					log.Printf("deleted node %s: %v", node.Name, err)
				}
			}
		}
	}
}

func cleanUpNode(ctx context.Context, client kubernetes.Interface, member *etcd, node *corev1.Node) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if slices.Contains(node.Finalizers, nodes.EtcdFinalizer) {
		if done, err := member.removeNode(ctx, node.Name); err != nil || !done {
			return err
		}
	}
	if err := client.CoreV1().Secrets("kube-system").Delete(ctx, passwordSecret(node.Name), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	node.Finalizers = slices.DeleteFunc(node.Finalizers, func(f string) bool { return f == nodes.NodeFinalizer || f == nodes.EtcdFinalizer })
	_, err := client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // another server was faster
	}
	return err
}

// waker turns any event into one pending wake-up.
func waker(wake chan<- struct{}) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{AddFunc: func(any) { poke(wake) }, UpdateFunc: func(any, any) { poke(wake) }, DeleteFunc: func(any) { poke(wake) }}
}

func poke(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

const passwordFile = "/etc/rancher/node/password"

func passwordSecret(node string) string { return node + ".node-password.k3s" }

// checkPassword proves that this host is the one that registered the node's name first; deleting the Node forgets it.
func checkPassword(ctx context.Context, client kubernetes.Interface, node string) error {
	password, err := os.ReadFile(passwordFile)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 16)
		if _, err := rand.Read(random); err != nil {
			return err
		}
		password = []byte(hex.EncodeToString(random) + "\n")
		err = pki.WriteFile(passwordFile, password, 0o600)
	}
	if err != nil {
		return err
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.TrimSpace(string(password)))))
	secrets := client.CoreV1().Secrets("kube-system")
	have, err := secrets.Get(ctx, passwordSecret(node), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: passwordSecret(node)}, StringData: map[string]string{"hash": hash}}, metav1.CreateOptions{})
		return err
	} else if err == nil && string(have.Data["hash"]) != hash {
		return final{fmt.Errorf("Node password rejected, duplicate hostname or contents of '%s' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag", passwordFile)} //nolint:staticcheck // K3s' own words
	}
	return err
}
