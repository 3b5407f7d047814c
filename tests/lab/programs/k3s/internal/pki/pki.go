// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package pki makes and keeps the certificates of a cluster, in the files where K3s has them.
package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Authorities are shared by the servers of a cluster.
var Authorities = []string{"server-ca", "client-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"}

// ServiceKey signs the tokens of service accounts and is shared too.
const ServiceKey = "service"

// renewBefore is how long before its end a leaf is replaced at start.
const renewBefore = 120 * 24 * time.Hour

// Leaf is a certificate to have: Name is its path without extension.
type Leaf struct {
	Name, Authority, CommonName string
	Organizations, Hosts        []string
}

// Pair is a certificate with its key.
type Pair struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// WriteFile replaces a file as a whole, or leaves it when it is equal already.
func WriteFile(path string, content []byte, mode os.FileMode) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, content) {
		return os.Chmod(path, mode)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// CreateAuthorities makes what is missing. What exists stays (a custom CA, or what a killed start left); a certificate without its key is an error.
func CreateAuthorities(dir string) error {
	for _, name := range Authorities {
		path := filepath.Join(dir, name)
		key, err := ensureKey(path)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path + ".crt"); err == nil {
			if _, err := LoadPair(path); err != nil {
				return err
			}
			continue
		}
		now := time.Now()
		template := &x509.Certificate{
			SerialNumber: serial(), Subject: pkix.Name{CommonName: fmt.Sprintf("k3s-%s@%d", filepath.Base(name), now.Unix())},
			NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return err
		}
		if err := WriteFile(path+".crt", encode("CERTIFICATE", der), 0o644); err != nil {
			return err
		}
	}
	_, err := ensureKey(filepath.Join(dir, ServiceKey))
	return err
}

func ensureKey(path string) (*ecdsa.PrivateKey, error) {
	raw, err := os.ReadFile(path + ".key")
	if err == nil {
		return parseKey(path+".key", raw)
	}
	if _, lonely := os.Stat(path + ".crt"); lonely == nil {
		return nil, fmt.Errorf("%s.crt exists without its key %s.key", path, path)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	raw, err = encodeKey(key)
	if err != nil {
		return nil, err
	}
	return key, WriteFile(path+".key", raw, 0o600)
}

// LoadPair reads PATH.crt and PATH.key, which must belong together.
func LoadPair(path string) (Pair, error) {
	certificate, err := os.ReadFile(path + ".crt")
	if err != nil {
		return Pair{}, err
	}
	key, err := os.ReadFile(path + ".key")
	if err != nil {
		return Pair{}, err
	}
	return ParsePair(path, certificate, key)
}

// ParsePair reads a certificate and its key.
func ParsePair(name string, certificate, key []byte) (Pair, error) {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return Pair{}, fmt.Errorf("%s: not a PEM certificate", name)
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Pair{}, fmt.Errorf("%s: %w", name, err)
	}
	private, err := parseKey(name, key)
	if err != nil {
		return Pair{}, err
	}
	if !private.PublicKey.Equal(parsed.PublicKey) {
		return Pair{}, fmt.Errorf("%s: the key belongs to another certificate", name)
	}
	return Pair{parsed, private}, nil
}

// Ensure keeps a leaf that still serves and replaces any other, so that a restart changes no file.
func Ensure(dir string, leaf Leaf) error {
	authority, err := LoadPair(filepath.Join(dir, leaf.Authority))
	if err != nil {
		return err
	}
	path := filepath.Join(dir, leaf.Name)
	if have, err := LoadPair(path); err == nil && leaf.servedBy(have.Certificate, authority.Certificate, time.Now()) {
		return nil
	}
	certificate, key, err := Issue(authority, leaf)
	if err != nil {
		return err
	}
	return errors.Join(WriteFile(path+".key", key, 0o600), WriteFile(path+".crt", certificate, 0o644))
}

func (l Leaf) servedBy(have, authority *x509.Certificate, now time.Time) bool {
	names, addresses := l.subjects()
	sameAddresses := slices.EqualFunc(have.IPAddresses, addresses, func(a, b net.IP) bool { return a.Equal(b) })
	return have.CheckSignatureFrom(authority) == nil && have.NotAfter.Sub(now) > renewBefore && have.Subject.CommonName == l.CommonName &&
		slices.Equal(have.Subject.Organization, l.Organizations) && slices.Equal(have.DNSNames, names) && sameAddresses
}

func (l Leaf) subjects() (names []string, addresses []net.IP) {
	for _, host := range l.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			addresses = append(addresses, ip)
		} else {
			names = append(names, host)
		}
	}
	return names, addresses
}

// Issue makes a certificate for a leaf, valid for a year, and returns both as PEM.
func Issue(authority Pair, leaf Leaf) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	names, addresses := leaf.subjects()
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: leaf.CommonName, Organization: leaf.Organizations},
		NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(1, 0, 0), DNSNames: names, IPAddresses: addresses,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Certificate, private.Public(), authority.Key)
	if err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	return encode("CERTIFICATE", der), key, err
}

func parseKey(name string, raw []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s: not a PEM key", name)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return encode("EC PRIVATE KEY", der), err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // no randomness, no certificates
	}
	return n
}
