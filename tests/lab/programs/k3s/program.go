// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"homeops.cluster/lab/k3s/internal/pods"
)

// program keeps a host program running that stands for a container. A deleted pod's program gets SIGTERM and ten seconds. The end of the service
// kills it without a word, as a power cut would: with K3s containers live on when it restarts, so a program must not clean up then.
type program struct {
	argv, env []string
	logs      string
	probe     string
	changed   func()
	stop      context.CancelFunc
	stopping  context.Context
	ended     chan struct{}

	mu    sync.Mutex
	state pods.Container
}

func startProgram(argv, env []string, logs, probe string, changed func()) *program {
	p := &program{argv: argv, env: env, logs: logs, probe: probe, changed: changed, ended: make(chan struct{})}
	p.stopping, p.stop = context.WithCancel(context.Background())
	go p.keep()
	return p
}

func (p *program) look() pods.Container {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *program) update(change func(*pods.Container)) {
	p.mu.Lock()
	before := p.state
	change(&p.state)
	differs := before != p.state
	p.mu.Unlock()
	if differs {
		p.changed()
	}
}

func (p *program) keep() {
	defer p.changed()
	defer close(p.ended)
	for pause := time.Second; ; pause = min(2*pause, 10*time.Second) {
		err := p.once()
		if p.stopping.Err() != nil {
			return
		}
		p.update(func(c *pods.Container) {
			c.Ready, c.Failure, c.Restarts = false, fmt.Sprintf("%s ended: %v", p.argv[0], err), c.Restarts+1
		})
		select {
		case <-p.stopping.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (p *program) once() error {
	if err := os.MkdirAll(filepath.Dir(p.logs), 0o750); err != nil {
		return err
	}
	logs, err := os.OpenFile(p.logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer logs.Close()
	cmd := exec.CommandContext(p.stopping, p.argv[0], p.argv[1:]...)
	cmd.Stdout, cmd.Stderr = logs, logs
	asPart(cmd)
	cmd.Env = append(cmd.Env, p.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	running, over := context.WithCancel(context.Background())
	defer over()
	p.update(func(c *pods.Container) { c.Failure, c.Ready = "", p.probe == "" })
	if p.probe != "" {
		go p.ask(running)
	}
	return cmd.Wait()
}

// ask is the readiness probe. As in the kubelet, nobody signs for the certificate of a pod.
func (p *program) ask(running context.Context) {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for running.Err() == nil {
		ready := false
		if answer, err := client.Get(p.probe); err == nil {
			ready = answer.StatusCode < 400
			answer.Body.Close()
		}
		if running.Err() == nil {
			p.update(func(c *pods.Container) { c.Ready = ready })
		}
		pause := 300 * time.Millisecond
		if ready {
			pause = 2 * time.Second
		}
		select {
		case <-running.Done():
		case <-time.After(pause):
		}
	}
}
