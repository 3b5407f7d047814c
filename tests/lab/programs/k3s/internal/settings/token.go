// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package settings

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// Token is a join token; CAHash is empty in the short form (only the password).
type Token struct{ Password, CAHash string }

var (
	// ErrTokenFormat is the answer to a malformed token.
	ErrTokenFormat = errors.New("failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>")
	// ErrCAHash is the answer to a token of another cluster.
	ErrCAHash = errors.New("token CA hash does not match the Cluster CA certificate hash")
)

// ParseToken reads both forms of a token.
func ParseToken(text string) (Token, error) {
	rest, full := strings.CutPrefix(text, "K10")
	if !full {
		return Token{Password: text}, nil
	}
	hash, credentials, ok := strings.Cut(rest, "::")
	_, password, named := strings.Cut(credentials, ":")
	if !ok || !named || len(hash) != 2*sha256.Size || password == "" {
		return Token{}, ErrTokenFormat
	}
	return Token{Password: password, CAHash: hash}, nil
}

// CheckCA compares a full token with the certificate of the cluster; a short token trusts on first use.
func (t Token) CheckCA(certificate []byte) error {
	if t.CAHash != "" && t.CAHash != hash(certificate) {
		return ErrCAHash
	}
	return nil
}

// Full is the long form of the token for the cluster with this CA certificate.
func (t Token) Full(certificate []byte) string {
	return "K10" + hash(certificate) + "::server:" + t.Password
}

func hash(certificate []byte) string { return fmt.Sprintf("%x", sha256.Sum256(certificate)) }
