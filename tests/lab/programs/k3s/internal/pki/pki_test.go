// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir+"/")] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func authorities(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := CreateAuthorities(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAuthoritiesAreMadeOnce(t *testing.T) {
	dir := authorities(t)
	before := contents(t, dir)
	if len(before) != 2*len(Authorities)+1 {
		t.Fatalf("%d files", len(before))
	}
	if err := CreateAuthorities(dir); err != nil || !reflect.DeepEqual(before, contents(t, dir)) {
		t.Errorf("changed by a second call (%v)", err)
	}
}

func TestAuthoritiesAfterAKill(t *testing.T) {
	dir := authorities(t)
	before := contents(t, dir)
	for _, lost := range []string{"client-ca.crt", "etcd/peer-ca.crt", "service.key"} {
		if err := os.Remove(filepath.Join(dir, lost)); err != nil {
			t.Fatal(err)
		}
	}
	if err := CreateAuthorities(dir); err != nil {
		t.Fatal(err)
	}
	after := contents(t, dir)
	if len(after) != len(before) || after["server-ca.crt"] != before["server-ca.crt"] || after["client-ca.key"] != before["client-ca.key"] {
		t.Error("what was there must stay, what was missing must be made")
	}
}

func TestCertificateWithoutKeyIsNotReplaced(t *testing.T) {
	dir := authorities(t)
	if err := os.Remove(filepath.Join(dir, "server-ca.key")); err != nil {
		t.Fatal(err)
	}
	if err := CreateAuthorities(dir); err == nil || !strings.Contains(err.Error(), "without its key") {
		t.Error(err)
	}
}

func TestEnsureKeepsALeafThatServes(t *testing.T) {
	leaf := Leaf{"serving", "server-ca", "kube-apiserver", []string{"o"}, []string{"a", "192.0.2.1"}}
	for name, c := range map[string]struct {
		change func(*Leaf)
		kept   bool
	}{
		"the same":     {func(*Leaf) {}, true},
		"another name": {func(l *Leaf) { l.CommonName = "x" }, false},
		"another host": {func(l *Leaf) { l.Hosts = []string{"a", "192.0.2.2"} }, false},
		"another CA":   {func(l *Leaf) { l.Authority = "client-ca" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := authorities(t)
			if err := Ensure(dir, leaf); err != nil {
				t.Fatal(err)
			}
			before, changed := contents(t, dir), leaf
			c.change(&changed)
			if err := Ensure(dir, changed); err != nil {
				t.Fatal(err)
			}
			if kept := reflect.DeepEqual(before, contents(t, dir)); kept != c.kept {
				t.Errorf("kept: %v", kept)
			}
		})
	}
}

func TestLeafIsRenewedBeforeItsEnd(t *testing.T) {
	dir := authorities(t)
	leaf := Leaf{"client-admin", "client-ca", "system:admin", []string{"system:masters"}, nil}
	if err := Ensure(dir, leaf); err != nil {
		t.Fatal(err)
	}
	authority, _ := LoadPair(filepath.Join(dir, "client-ca"))
	have, _ := LoadPair(filepath.Join(dir, "client-admin"))
	for days, serves := range map[int]bool{0: true, 240: true, 250: false} {
		if leaf.servedBy(have.Certificate, authority.Certificate, time.Now().AddDate(0, 0, days)) != serves {
			t.Errorf("after %d days", days)
		}
	}
}

func TestModes(t *testing.T) {
	dir := authorities(t)
	for name, want := range map[string]os.FileMode{"server-ca.key": 0o600, "server-ca.crt": 0o644, "service.key": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}
