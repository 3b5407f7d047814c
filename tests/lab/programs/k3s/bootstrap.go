// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"homeops.cluster/lab/k3s/internal/pki"
	"homeops.cluster/lab/k3s/internal/settings"
)

// The bootstrap Secret carries the authorities and the critical settings from the first server to those that join;
// K3s hands them out by its supervisor API.
const (
	bootstrapName = "k3s-bootstrap"
	criticalKey   = "critical"
	joinableKey   = "embedded-etcd"
)

// bootstrap is what a joining node has got from the cluster.
type bootstrap struct {
	api    *kubernetes.Clientset // with the join token
	secret *corev1.Secret
}

// tokenClient authenticates with the join token; the CA is compared with the hash in the token, or trusted on first use.
func tokenClient(s *settings.Settings, token settings.Token) (*kubernetes.Clientset, error) {
	if s.Token == "" {
		return nil, errors.New("--token is required to join a cluster")
	}
	if server, err := url.Parse(s.Server); err != nil || server.Scheme != "https" || server.Host == "" {
		return nil, fmt.Errorf("invalid --server %q: https://HOST:6443 is expected", s.Server)
	}
	return kubernetes.NewForConfig(&rest.Config{Host: s.Server, BearerToken: token.Password, TLSClientConfig: rest.TLSClientConfig{Insecure: true}})
}

func fetchBootstrap(ctx context.Context, s *settings.Settings, token settings.Token) (*bootstrap, error) {
	api, err := tokenClient(s, token)
	if err != nil {
		return nil, err
	}
	b := &bootstrap{api: api}
	err = until(ctx, 500*time.Millisecond, "the cluster at "+s.Server, func(ctx context.Context) (err error) {
		b.secret, err = api.CoreV1().Secrets("kube-system").Get(ctx, bootstrapName, metav1.GetOptions{})
		if apierrors.IsUnauthorized(err) {
			return final{fmt.Errorf("the token is not accepted by %s: %w", s.Server, err)}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, token.CheckCA(b.secret.Data["server-ca.crt"])
}

// admitServer refuses a server that must not join.
func (b *bootstrap) admitServer(s *settings.Settings) error {
	if string(b.secret.Data[joinableKey]) != "true" {
		return fmt.Errorf("the server at %s was started without cluster-init: it has no embedded etcd to join", s.Server)
	}
	return compareCritical(b.secret, s)
}

// instruct gives an agent the settings that only servers are configured with.
func (b *bootstrap) instruct(s *settings.Settings) error {
	cluster, err := criticalOf(b.secret)
	s.FlannelBackend = cluster["flannel-backend"]
	return err
}

func compareCritical(secret *corev1.Secret, s *settings.Settings) error {
	cluster, err := criticalOf(secret)
	if err != nil {
		return err
	}
	return settings.CompareCritical(s.Critical(), cluster)
}

func criticalOf(secret *corev1.Secret) (map[string]string, error) {
	critical := map[string]string{}
	err := json.Unmarshal(secret.Data[criticalKey], &critical)
	return critical, err
}

func (b *bootstrap) write(tlsDir string) error {
	for _, name := range bootstrapFiles() {
		mode := os.FileMode(0o600)
		if strings.HasSuffix(name, ".crt") {
			mode = 0o644
		}
		if err := pki.WriteFile(filepath.Join(tlsDir, name), b.secret.Data[secretKey(name)], mode); err != nil {
			return err
		}
	}
	return nil
}

// nodeCredentials are an administrator's: the stand-in leaves out the kubelet's certificate and its narrower rights.
func (b *bootstrap) nodeCredentials(node string) (credentials, error) {
	authority, err := pki.ParsePair("client-ca", b.secret.Data["client-ca.crt"], b.secret.Data["client-ca.key"])
	if err != nil {
		return credentials{}, err
	}
	certificate, key, err := pki.Issue(authority, pki.Leaf{CommonName: "system:node:" + node, Organizations: []string{"system:masters"}})
	return credentials{b.secret.Data["server-ca.crt"], certificate, key}, err
}

func bootstrapFiles() []string {
	files := []string{pki.ServiceKey + ".key"}
	for _, name := range pki.Authorities {
		files = append(files, name+".crt", name+".key")
	}
	return files
}

func secretKey(file string) string { return strings.ReplaceAll(file, "/", "__") }

// agree publishes the bootstrap data, or compares the settings of a server that has joined with the cluster's.
// The server that founded the cluster (no `server` in its settings) rules: what it says now is what the others must say.
func agree(ctx context.Context, client kubernetes.Interface, s *settings.Settings, tlsDir string) error {
	critical, err := json.Marshal(s.Critical())
	if err != nil {
		return err
	}
	data := map[string][]byte{criticalKey: critical, joinableKey: fmt.Append(nil, s.ClusterInit)}
	for _, name := range bootstrapFiles() {
		if data[secretKey(name)], err = os.ReadFile(filepath.Join(tlsDir, name)); err != nil {
			return err
		}
	}
	secrets := client.CoreV1().Secrets("kube-system")
	return until(ctx, 500*time.Millisecond, "bootstrap data", func(ctx context.Context) error {
		have, err := secrets.Get(ctx, bootstrapName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			_, err = secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: bootstrapName}, Data: data}, metav1.CreateOptions{})
			return err
		} else if err != nil {
			return err
		}
		if s.Server != "" {
			if err := compareCritical(have, s); err != nil {
				return final{err}
			}
			return nil
		}
		if string(have.Data[joinableKey]) == "true" {
			data[joinableKey] = []byte("true")
		}
		if reflect.DeepEqual(have.Data, data) {
			return nil
		}
		have.Data = data
		_, err = secrets.Update(ctx, have, metav1.UpdateOptions{})
		return err
	})
}
