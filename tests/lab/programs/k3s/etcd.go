// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"homeops.cluster/lab/k3s/internal/member"
	"homeops.cluster/lab/k3s/internal/pki"
	"homeops.cluster/lab/k3s/internal/settings"
)

// etcd is this server's member.
type etcd struct {
	settings *settings.Settings
	dir      string // as K3s: config, name, member/, tombstone
	tls      string
	process  *child
}

func newEtcd(s *settings.Settings) *etcd {
	return &etcd{settings: s, dir: s.Path("server/db/etcd"), tls: s.Path("server/tls")}
}

// hasData: etcd itself calls a member new as long as it has no write-ahead log.
func (e *etcd) hasData() bool {
	logs, _ := filepath.Glob(filepath.Join(e.dir, "member/wal/*.wal"))
	return len(logs) > 0
}

// A mark is an empty file that outlives a kill.
const (
	joining   = "joining"   // not a voter yet
	tombstone = "tombstone" // removed from the cluster while running (its Node was deleted)
)

func (e *etcd) marked(mark string) bool {
	_, err := os.Stat(filepath.Join(e.dir, mark))
	return err == nil
}

func (e *etcd) mark(mark string) error { return pki.WriteFile(filepath.Join(e.dir, mark), nil, 0o600) }

func (e *etcd) unmark(mark string) error {
	err := os.Remove(filepath.Join(e.dir, mark))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// self reads the member's name, or makes one: NODE-1a2b3c4d.
func (e *etcd) self() (member.Self, error) {
	self := member.Self{Node: e.settings.NodeName, PeerURL: "https://" + e.settings.NodeIP + ":2380"}
	path := filepath.Join(e.dir, "name")
	raw, err := os.ReadFile(path)
	if self.Name = strings.TrimSpace(string(raw)); err == nil && self.Name != "" {
		return self, nil
	}
	suffix := make([]byte, 4)
	if _, err := rand.Read(suffix); err != nil {
		return self, err
	}
	self.Name = self.Node + "-" + hex.EncodeToString(suffix)
	return self, pki.WriteFile(path, []byte(self.Name), 0o600)
}

func (e *etcd) client(hosts ...string) (*clientv3.Client, error) {
	pair, err := tls.LoadX509KeyPair(e.tls+"/etcd/client.crt", e.tls+"/etcd/client.key")
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(e.tls + "/etcd/server-ca.crt")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	endpoints := []string{}
	for _, host := range hosts {
		endpoints = append(endpoints, "https://"+host+":2379")
	}
	return clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 5 * time.Second, Logger: zap.NewNop(), TLS: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool}})
}

// remote is a client of the other members: the Nodes with the etcd role, and the host that the settings name.
func (e *etcd) remote(ctx context.Context, cluster *bootstrap) (*clientv3.Client, error) {
	server, err := url.Parse(e.settings.Server)
	if err != nil {
		return nil, err
	}
	hosts := []string{server.Hostname()}
	nodes, err := cluster.api.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "node-role.kubernetes.io/etcd=true"})
	if err != nil {
		return nil, err
	}
	for _, node := range nodes.Items {
		if address := node.Annotations["etcd.k3s.cattle.io/node-address"]; address != "" && address != e.settings.NodeIP {
			hosts = append(hosts, address)
		}
	}
	slices.Sort(hosts)
	return e.client(slices.Compact(hosts)...)
}

func members(ctx context.Context, client *clientv3.Client) ([]member.Member, error) {
	list, err := client.MemberList(ctx)
	if err != nil {
		return nil, err
	}
	return convert(list.Members), nil
}

func convert(list []*etcdserverpb.Member) (out []member.Member) {
	for _, m := range list {
		out = append(out, member.Member{ID: m.ID, Name: m.Name, PeerURL: m.PeerURLs[0], Learner: m.IsLearner})
	}
	return out
}

// join adds this server as a learner and returns etcd's --initial-cluster.
func (e *etcd) join(ctx context.Context, cluster *bootstrap) (string, error) {
	if err := e.mark(joining); err != nil {
		return "", err
	}
	client, err := e.remote(ctx, cluster)
	if err != nil {
		return "", err
	}
	defer client.Close()
	self, err := e.self()
	if err != nil {
		return "", err
	}
	initial := ""
	err = until(ctx, 500*time.Millisecond, "a place in the etcd cluster", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // of two servers that ask at once etcd drops one, without an answer
		defer cancel()
		present, err := members(ctx, client)
		if err != nil {
			return err
		}
		remove, err := member.Plan(present, self)
		for _, m := range remove {
			log.Printf("removing the learner %s %q that this server left behind", m.PeerURL, m.Name)
			if _, err := client.MemberRemove(ctx, m.ID); err != nil {
				return err
			}
		}
		if errors.Is(err, member.ErrDuplicate) {
			return final{err}
		} else if err != nil {
			return err
		}
		added, err := client.MemberAddAsLearner(ctx, []string{self.PeerURL})
		if err != nil {
			return err
		}
		initial, err = member.InitialCluster(convert(added.Members), self)
		return err
	})
	return initial, err
}

// forgotten tells whether a living cluster does not have this server: false if nobody answers (all may be starting).
func (e *etcd) forgotten(ctx context.Context, cluster *bootstrap) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client, err := e.remote(ctx, cluster)
	if err != nil {
		return false
	}
	defer client.Close()
	present, err := members(ctx, client)
	if err != nil {
		return false
	}
	self, err := e.self()
	return err == nil && !member.Has(present, self)
}

// archive puts the data of a removed member aside, as K3s does, so that the server joins anew.
func (e *etcd) archive() error {
	old := fmt.Sprintf("%s-old-%d", e.dir, time.Now().Unix())
	log.Printf("this server was removed from the cluster: its data is now %s", old)
	return os.Rename(e.dir, old)
}

// forget drops the data of a member that never became a voter.
func (e *etcd) forget() error {
	return errors.Join(os.RemoveAll(filepath.Join(e.dir, "member")), e.unmark("name"))
}

// start runs etcd from the configuration file that K3s would write; initial is empty for a member with data.
func (e *etcd) start(ctx context.Context, die context.CancelCauseFunc, initial, state string) error {
	self, err := e.self()
	if err != nil {
		return err
	}
	ip := e.settings.NodeIP
	security := func(certificate, authority string) map[string]any {
		return map[string]any{"cert-file": e.tls + "/etcd/" + certificate + ".crt", "key-file": e.tls + "/etcd/" + certificate + ".key",
			"client-cert-auth": true, "trusted-ca-file": e.tls + "/etcd/" + authority + ".crt"}
	}
	config := map[string]any{
		"name": self.Name, "data-dir": e.dir, "logger": "zap", "log-outputs": []string{"stderr"}, "log-level": "error",
		"listen-client-urls": "https://127.0.0.1:2379,https://" + ip + ":2379", "advertise-client-urls": "https://" + ip + ":2379",
		"listen-peer-urls": self.PeerURL, "initial-advertise-peer-urls": self.PeerURL,
		"client-transport-security": security("server-client", "server-ca"), "peer-transport-security": security("peer-server-client", "peer-ca"),
		"heartbeat-interval": 500, "election-timeout": 5000, "snapshot-count": 10000,
	}
	if initial != "" {
		config["initial-cluster"], config["initial-cluster-state"] = initial, state
	}
	raw, err := yaml.Marshal(config)
	if err != nil {
		return err
	}
	path := filepath.Join(e.dir, "config")
	if err := pki.WriteFile(path, raw, 0o600); err != nil {
		return err
	}
	e.process = component(ctx, die, "etcd", "--config-file="+path)
	return nil
}

// waitVoter waits until the local member may serve an API server: a learner does not.
func (e *etcd) waitVoter(ctx context.Context, cluster *bootstrap) error {
	stuck := time.Time{}
	err := until(ctx, 200*time.Millisecond, "etcd", func(ctx context.Context) error {
		status, err := e.status(ctx, "127.0.0.1")
		switch {
		case err != nil:
			if cluster != nil {
				e.unstick(ctx, cluster, &stuck)
			}
			return err
		case status.IsLearner:
			return errors.New("this server is still a learner in the etcd cluster")
		case status.Leader == 0:
			return errors.New("no leader")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.unmark(joining)
}

// status asks one member by a connection of its own: one that was refused before would wait long for its next try.
func (e *etcd) status(ctx context.Context, host string) (*clientv3.StatusResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	client, err := e.client(host)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Status(ctx, client.Endpoints()[0])
}

// unstick restarts an etcd that waits in vain. A new member serves after it has seen the entry by which it published its name; when that entry comes
// within the leader's snapshot, it waits 5 s plus two election timeouts, and publishes again.
func (e *etcd) unstick(ctx context.Context, cluster *bootstrap, since *time.Time) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	client, err := e.remote(ctx, cluster)
	if err != nil {
		return
	}
	defer client.Close()
	present, err := members(ctx, client)
	self, selfErr := e.self()
	if err != nil || selfErr != nil || !member.Named(present, self.Name) {
		return
	}
	if since.IsZero() {
		*since = time.Now()
	} else if time.Since(*since) > time.Second {
		log.Print("etcd has published its name and does not serve: restarting it")
		*since = time.Time{}
		e.process.restart()
	}
}

// tendLearners promotes learners that have caught up and removes those that never do, on the server that leads.
func (e *etcd) tendLearners(ctx context.Context) {
	client, err := e.client("127.0.0.1")
	if err != nil {
		log.Print(err)
		return
	}
	defer client.Close()
	learners := member.Learners{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(300 * time.Millisecond):
			e.tend(ctx, client, learners)
		}
	}
}

func (e *etcd) tend(ctx context.Context, client *clientv3.Client, learners member.Learners) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	status, err := client.Status(ctx, client.Endpoints()[0])
	if err != nil || status.Leader != status.Header.MemberId {
		return
	}
	present, err := members(ctx, client)
	if err != nil {
		return
	}
	promote, remove := learners.Judge(present, time.Now())
	for _, m := range promote {
		if address, err := url.Parse(m.PeerURL); err != nil || m.Name == "" {
			continue // not started; a voter without a name could not be told from the next one
		} else if _, err := e.status(ctx, address.Hostname()); err != nil {
			continue // not serving; a voter would count for the quorum already
		}
		if _, err := client.MemberPromote(ctx, m.ID); err == nil {
			log.Printf("etcd member %s is now a voter", m.Name)
		}
	}
	for _, m := range remove {
		_, err := client.MemberRemove(ctx, m.ID)
		log.Printf("etcd learner %s has not caught up in %s: removed (%v)", m.PeerURL, member.StallLimit, err)
	}
}

// removeNode removes the members of a deleted Node. For this server's own Node it leaves that to the others and remembers it.
func (e *etcd) removeNode(ctx context.Context, node string) (done bool, err error) {
	client, err := e.client("127.0.0.1")
	if err != nil {
		return false, err
	}
	defer client.Close()
	present, err := members(ctx, client)
	if err != nil {
		return false, err
	}
	if node == e.settings.NodeName {
		if len(present) == 1 {
			return true, nil // the last member cannot leave; its Node comes back with the next start
		}
		return false, e.mark(tombstone)
	}
	for _, m := range member.OfNode(present, node) {
		if _, err := client.MemberRemove(ctx, m.ID); err != nil && !errors.Is(err, rpctypes.ErrMemberNotFound) {
			return false, err
		}
		log.Printf("etcd member %s removed with its Node", m.Name)
	}
	return true, nil
}
