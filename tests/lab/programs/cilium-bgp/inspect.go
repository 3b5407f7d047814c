// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package ciliumbgp

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/cilium/hive/cell"

	"github.com/cilium/cilium/api/v1/models"
	restapi "github.com/cilium/cilium/api/v1/server/restapi/bgp"
)

// Routers is what a BGP control plane tells of itself.
type Routers interface {
	GetPeers(context.Context) ([]*models.BgpPeer, error)
	GetRoutes(context.Context, restapi.GetBgpRoutesParams) ([]*models.BgpRoute, error)
}

// serveInspection answers /peers and /routes (?afi=ipv6) like `cilium-dbg bgp peers|routes`, on the loopback only.
func serveInspection(lc cell.Lifecycle, log *slog.Logger, a *arguments, m Routers) error {
	host, _, err := net.SplitHostPort(a.inspect)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("--listen %q: not a loopback address", a.inspect)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/peers", func(w http.ResponseWriter, r *http.Request) {
		peers, err := m.GetPeers(r.Context())
		reply(w, peers, err)
	})
	mux.HandleFunc("/routes", func(w http.ResponseWriter, r *http.Request) {
		afi := "ipv4"
		if given := r.URL.Query().Get("afi"); given != "" {
			afi = given
		}
		routes, err := m.GetRoutes(r.Context(), restapi.GetBgpRoutesParams{TableType: "loc-rib", Afi: afi, Safi: "unicast"})
		reply(w, routes, err)
	})
	serve(lc, log, a.inspect, mux)
	return nil
}

func reply(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func serveHealth(lc cell.Lifecycle, log *slog.Logger, a *arguments, n *network) {
	serve(lc, log, a.health, healthz(n.up.Load))
}

func healthz(healthy func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !healthy() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		}
	})
	return mux
}

func serve(lc cell.Lifecycle, log *slog.Logger, address string, handler http.Handler) {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	lc.Append(cell.Hook{
		OnStart: func(cell.HookContext) error {
			listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
			if err != nil {
				return err
			}
			go func() { log.Debug("served", "address", address, "end", server.Serve(listener)) }()
			return nil
		},
		OnStop: func(ctx cell.HookContext) error { return server.Shutdown(ctx) },
	})
}
