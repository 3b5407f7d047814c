// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"homeops.cluster/lab/k3s/internal/pki"
	"homeops.cluster/lab/k3s/internal/settings"
)

func serverCommand() *cobra.Command {
	return withSettings(&cobra.Command{Use: "server", Short: "Run a server node"}, func(s *settings.Settings) error {
		ctx, die := serviceContext()
		return end(ctx, die, runServer(ctx, die, s))
	})
}

func runServer(ctx context.Context, die context.CancelCauseFunc, s *settings.Settings) error {
	token, err := serverToken(s)
	if err != nil {
		return err
	}
	member, tlsDir := newEtcd(s), s.Path("server/tls")
	cluster, err := startMember(ctx, die, s, member, token)
	if err != nil {
		return err
	}
	if err := member.waitVoter(ctx, cluster); err != nil {
		return err
	}
	log.Print("etcd is ready")
	go member.tendLearners(ctx)
	if err := startAPIServer(ctx, die, s, tlsDir, token.Password); err != nil {
		return err
	}
	login, err := readCredentials(tlsDir, "client-admin")
	if err != nil {
		return err
	}
	client, err := login.client(localAPI)
	if err != nil {
		return err
	}
	if err := until(ctx, 200*time.Millisecond, "/readyz", func(ctx context.Context) error {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	}); err != nil {
		return err
	}
	log.Print("kube-apiserver is ready")
	if err := agree(ctx, client, s, tlsDir); err != nil {
		return err
	}
	if err := startControllers(ctx, die, s, tlsDir); err != nil {
		return err
	}
	if err := createKinds(ctx, client); err != nil {
		return err
	}
	if err := writeAdminKubeconfigs(s, tlsDir); err != nil {
		return err
	}
	return serveNode(ctx, client, s, member)
}

// serveNode runs the kubelet, and on a server what cleans up after deleted Nodes, until the service ends.
func serveNode(ctx context.Context, client kubernetes.Interface, s *settings.Settings, member *etcd) error {
	k := newKubelet(client, s, member)
	if err := k.register(ctx); err != nil {
		return err
	}
	if member != nil {
		go cleanUpNodes(ctx, client, member)
	}
	notifyReady()
	log.Printf("k3s is up and running: %s", s.NodeName)
	k.run(ctx)
	return nil
}

// startMember starts etcd as what this server is: a member with data, one that joins, or the first of a new cluster.
// The cluster it returns is nil unless this server is joining.
func startMember(ctx context.Context, die context.CancelCauseFunc, s *settings.Settings, e *etcd, token settings.Token) (cluster *bootstrap, err error) {
	if e.marked(tombstone) {
		if s.Server == "" {
			return nil, errors.New("this server was removed from the cluster: set `server` to the URL of another server to join again")
		}
		if err := e.archive(); err != nil {
			return nil, err
		}
	}
	if e.hasData() && s.Server != "" {
		if cluster, err = checkMembership(ctx, s, e, token); err != nil {
			return nil, err
		}
	}
	initial, state := "", "new"
	switch tlsDir := s.Path("server/tls"); {
	case e.hasData(): // cluster-init and server are ignored, as K3s does
		err = ensureLeaves(s, tlsDir)
	case s.Server != "":
		if cluster, err = fetchBootstrap(ctx, s, token); err != nil {
			return nil, err
		}
		if err := errors.Join(cluster.admitServer(s), cluster.write(tlsDir), ensureLeaves(s, tlsDir)); err != nil {
			return nil, err
		}
		initial, err = e.join(ctx, cluster)
		state = "existing"
	default:
		initial, err = found(s, e, token, tlsDir)
	}
	if err != nil {
		return nil, err
	}
	if err := writeTokens(s, token); err != nil {
		return nil, err
	}
	return cluster, e.start(ctx, die, initial, state)
}

// found prepares a new cluster and returns etcd's --initial-cluster.
func found(s *settings.Settings, e *etcd, token settings.Token, tlsDir string) (string, error) {
	authority, err := os.ReadFile(filepath.Join(tlsDir, "server-ca.crt"))
	if err != nil && token.CAHash != "" {
		return "", fmt.Errorf("%w (a new cluster has no CA yet)", settings.ErrTokenFormat)
	}
	if err := token.CheckCA(authority); err != nil {
		return "", err
	}
	self, err := e.self()
	return self.Name + "=" + self.PeerURL, errors.Join(err, pki.CreateAuthorities(tlsDir), ensureLeaves(s, tlsDir))
}

// checkMembership asks the living cluster about a member with data. One that was removed says so, as in K3s;
// one that was killed while joining goes on, or starts over if it has been removed since.
func checkMembership(ctx context.Context, s *settings.Settings, e *etcd, token settings.Token) (*bootstrap, error) {
	api, err := tokenClient(s, token)
	if err != nil {
		return nil, err
	}
	cluster := &bootstrap{api: api}
	forgotten := e.forgotten(ctx, cluster)
	switch {
	case e.marked(joining) && forgotten:
		return cluster, e.forget()
	case e.marked(joining):
		return cluster, nil
	case forgotten:
		return nil, fmt.Errorf("this server is not a member of the etcd cluster any more: to join again, remove %s and the Node %s", e.dir, s.NodeName)
	}
	return nil, nil
}

// serverToken is the token of the settings, else the one this server has had, else a new one.
func serverToken(s *settings.Settings) (settings.Token, error) {
	have, err := os.ReadFile(s.Path("server/token"))
	known, parseErr := settings.ParseToken(strings.TrimSpace(string(have)))
	if err == nil && parseErr == nil {
		if s.Token == "" {
			s.Token = strings.TrimSpace(string(have))
			return known, nil
		}
		given, err := settings.ParseToken(s.Token)
		if err == nil && given.Password != known.Password && newEtcd(s).hasData() {
			err = errors.New("bootstrap data already found and encrypted with different token")
		}
		return given, err
	}
	if s.Token == "" && s.Server == "" {
		random := make([]byte, 16)
		if _, err := rand.Read(random); err != nil {
			return settings.Token{}, err
		}
		s.Token = hex.EncodeToString(random)
	}
	return settings.ParseToken(s.Token)
}

// writeTokens leaves the full token where K3s does; the other names are links to it.
func writeTokens(s *settings.Settings, token settings.Token) error {
	authority, err := os.ReadFile(s.Path("server/tls/server-ca.crt"))
	if err != nil {
		return err
	}
	file := s.Path("server/token")
	if err := pki.WriteFile(file, []byte(token.Full(authority)+"\n"), 0o600); err != nil {
		return err
	}
	for _, name := range []string{"server/node-token", "server/agent-token"} {
		if target, err := os.Readlink(s.Path(name)); err == nil && target == file {
			continue
		}
		if err := errors.Join(os.RemoveAll(s.Path(name)), os.Symlink(file, s.Path(name))); err != nil {
			return err
		}
	}
	return nil
}
