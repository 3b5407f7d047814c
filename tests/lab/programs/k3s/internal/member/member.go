// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package member decides what becomes of the members of the etcd cluster.
package member

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Member is one line of `etcdctl member list`; Name is empty until the member has started.
type Member struct {
	ID      uint64
	Name    string
	PeerURL string
	Learner bool
}

// Self is the member to be; K3s names a member after its node, with something unique: NODE-1a2b3c4d.
type Self struct{ Node, Name, PeerURL string }

// Answers to a member that wants to join.
var (
	ErrDuplicate = errors.New("etcd cluster join failed: duplicate node name found, please use a unique name for this node")
	ErrWait      = errors.New("another member is joining")
)

// Plan is the way into a cluster for a server without data: members to remove first (learners it left behind: they have no vote),
// or ErrWait (etcd takes one learner at a time), or ErrDuplicate: a voter with its name or address must be removed by deleting its Node.
func Plan(members []Member, self Self) (remove []Member, err error) {
	for _, m := range members {
		mine := m.PeerURL == self.PeerURL || BelongsTo(m.Name, self.Node)
		switch {
		case mine && m.Learner:
			remove = append(remove, m)
		case mine:
			return nil, ErrDuplicate
		case m.Learner || m.Name == "":
			err = ErrWait
		}
	}
	return remove, err
}

// InitialCluster is etcd's --initial-cluster; every other member must have a name already.
func InitialCluster(members []Member, self Self) (string, error) {
	parts := []string{}
	for _, m := range members {
		name := m.Name
		if m.PeerURL == self.PeerURL {
			name = self.Name
		}
		if name == "" {
			return "", fmt.Errorf("the member at %s has no name yet: %w", m.PeerURL, ErrWait)
		}
		parts = append(parts, name+"="+m.PeerURL)
	}
	return strings.Join(parts, ","), nil
}

// BelongsTo tells whether a member's name is made from this node's.
func BelongsTo(name, node string) bool {
	i := strings.LastIndex(name, "-")
	return i >= 0 && name[:i] == node
}

// OfNode are the members to remove when a Node is deleted.
func OfNode(members []Member, node string) (out []Member) {
	for _, m := range members {
		if BelongsTo(m.Name, node) {
			out = append(out, m)
		}
	}
	return out
}

// Has tells whether a server (by name or address) is in the cluster.
func Has(members []Member, self Self) bool {
	for _, m := range members {
		if m.Name == self.Name || m.Name == "" && m.PeerURL == self.PeerURL {
			return true
		}
	}
	return false
}

// Named tells whether a member has published its name.
func Named(members []Member, name string) bool {
	return slices.ContainsFunc(members, func(m Member) bool { return m.Name == name })
}

// StallLimit is how long a learner may take (K3s: 5 minutes); then it is removed, because it keeps others out.
const StallLimit = 5 * time.Minute

// Learners remembers since when the leader has seen each learner.
type Learners map[uint64]time.Time

// Judge says which learner to promote and which to give up.
func (l Learners) Judge(members []Member, now time.Time) (promote, remove []Member) {
	present := map[uint64]bool{}
	for _, m := range members {
		if !m.Learner {
			continue
		}
		present[m.ID] = true
		since, known := l[m.ID]
		switch {
		case !known:
			l[m.ID] = now
			promote = append(promote, m)
		case now.Sub(since) > StallLimit:
			remove = append(remove, m)
		default:
			promote = append(promote, m)
		}
	}
	for id := range l {
		if !present[id] {
			delete(l, id)
		}
	}
	return promote, remove
}
