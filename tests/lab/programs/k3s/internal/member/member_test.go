// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package member

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

var (
	self    = Self{"s2", "s2-0000aaaa", "https://192.0.2.2:2380"}
	first   = Member{ID: 1, Name: "s1-0000bbbb", PeerURL: "https://192.0.2.1:2380"}
	third   = Member{ID: 3, Name: "s3-0000cccc", PeerURL: "https://192.0.2.3:2380"}
	added   = Member{ID: 2, PeerURL: self.PeerURL, Learner: true}
	learner = Member{ID: 2, Name: "s2-0000dddd", PeerURL: self.PeerURL, Learner: true}
	voter   = Member{ID: 2, Name: "s2-0000dddd", PeerURL: self.PeerURL}
)

func TestPlan(t *testing.T) {
	moved := voter
	moved.PeerURL = "https://192.0.2.9:2380"
	renamed := voter
	renamed.Name = "old-0000dddd"
	for name, c := range map[string]struct {
		members []Member
		remove  []Member
		err     error
	}{
		"join":                                    {[]Member{first}, nil, nil},
		"join two":                                {[]Member{first, third}, nil, nil},
		"another joins":                           {[]Member{first, {ID: 3, PeerURL: third.PeerURL, Learner: true}}, nil, ErrWait},
		"another joined and has no name yet":      {[]Member{first, {ID: 3, PeerURL: third.PeerURL}}, nil, ErrWait},
		"killed before its etcd started":          {[]Member{first, added}, []Member{added}, nil},
		"learner whose disk was lost":             {[]Member{first, learner}, []Member{learner}, nil},
		"voter whose disk was lost":               {[]Member{first, voter}, nil, ErrDuplicate},
		"a voter of that name at another address": {[]Member{first, moved}, nil, ErrDuplicate},
		"a voter of another name at that address": {[]Member{first, renamed}, nil, ErrDuplicate},
		"s2 is not s2-a":                          {[]Member{first, {ID: 4, Name: "s2-a-0000eeee", PeerURL: "https://192.0.2.4:2380"}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			remove, err := Plan(c.members, self)
			if !errors.Is(err, c.err) || !reflect.DeepEqual(remove, c.remove) {
				t.Errorf("%v, %v", remove, err)
			}
		})
	}
}

func TestInitialCluster(t *testing.T) {
	have, err := InitialCluster([]Member{first, added, third}, self)
	want := "s1-0000bbbb=https://192.0.2.1:2380,s2-0000aaaa=https://192.0.2.2:2380,s3-0000cccc=https://192.0.2.3:2380"
	if err != nil || have != want {
		t.Errorf("%s, %v", have, err)
	}
	if _, err := InitialCluster([]Member{first, added, {ID: 3, PeerURL: third.PeerURL}}, self); !errors.Is(err, ErrWait) {
		t.Error(err)
	}
}

func TestOfNode(t *testing.T) {
	if have := OfNode([]Member{first, voter, third}, "s2"); !reflect.DeepEqual(have, []Member{voter}) {
		t.Error(have)
	}
}

func TestHas(t *testing.T) {
	for name, c := range map[string]struct {
		members []Member
		want    bool
	}{
		"started":             {[]Member{first, {ID: 2, Name: self.Name, PeerURL: self.PeerURL}}, true},
		"not yet started":     {[]Member{first, added}, true},
		"removed":             {[]Member{first}, false},
		"replaced by another": {[]Member{first, voter}, false},
	} {
		if Has(c.members, self) != c.want {
			t.Error(name)
		}
	}
}

func TestLearners(t *testing.T) {
	seen, start := Learners{}, time.Unix(0, 0)
	for _, c := range []struct {
		after           time.Duration
		members         []Member
		promote, remove []Member
	}{
		{0, []Member{first, learner}, []Member{learner}, nil},
		{StallLimit, []Member{first, learner}, []Member{learner}, nil},
		{StallLimit + 1, []Member{first, learner}, nil, []Member{learner}},
		{StallLimit + 2, []Member{first}, nil, nil},
		{StallLimit + 3, []Member{first, learner}, []Member{learner}, nil},
	} {
		promote, remove := seen.Judge(c.members, start.Add(c.after))
		if !reflect.DeepEqual(promote, c.promote) || !reflect.DeepEqual(remove, c.remove) {
			t.Errorf("after %s: %v, %v", c.after, promote, remove)
		}
	}
}

func TestNamed(t *testing.T) {
	if Named([]Member{first, added}, self.Name) || !Named([]Member{first, {ID: 2, Name: self.Name, Learner: true}}, self.Name) {
		t.Error("a member has its name once it has started")
	}
}
