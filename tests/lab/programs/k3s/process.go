// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// serviceContext ends with SIGTERM, or with the error given to die.
func serviceContext() (ctx context.Context, die context.CancelCauseFunc) {
	ctx, die = context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() { <-signals; die(context.Canceled) }()
	return ctx, die
}

// end stops everything the service has started and says why it ends; a signal is no error.
func end(ctx context.Context, die context.CancelCauseFunc, err error) error {
	die(err)
	done := make(chan struct{})
	go func() { children.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// children counts the processes started: K3s is one process, so nothing may outlive it (its unit has KillMode=process).
var children sync.WaitGroup

// asPart makes the kernel kill a child with this process, however it ends. Children must not tell systemd that they are ready: etcd would.
func asPart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET=")
}

// child is a running component.
type child struct{ again chan struct{} }

func (c *child) restart() { poke(c.again) }

// component runs one of the programs in this binary; its end is the end of the service (systemd restarts it), unless a restart was asked for.
func component(ctx context.Context, die context.CancelCauseFunc, name string, args ...string) *child {
	c := &child{make(chan struct{}, 1)}
	children.Add(1)
	go func() {
		defer children.Done()
		for {
			err := c.once(ctx, name, args)
			if ctx.Err() != nil {
				return
			}
			if !errors.Is(err, errRestart) {
				log.Printf("%s ended: %v", name, err)
				die(errors.Join(errors.New(name+" ended"), err))
				return
			}
		}
	}()
	return c
}

var errRestart = errors.New("restart")

func (c *child) once(ctx context.Context, name string, args []string) error {
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(run, "/proc/self/exe", append([]string{name}, args...)...)
	cmd.Args[0] = "k3s"
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	asPart(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	go func() {
		select {
		case <-c.again:
			stop(errRestart)
		case <-run.Done():
		}
	}()
	err := cmd.Run()
	if cause := context.Cause(run); cause != nil {
		return cause
	}
	return err
}

// notifyReady tells systemd that the service is up (Type=notify).
func notifyReady() {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	conn, err := net.Dial("unixgram", socket)
	if err != nil {
		log.Printf("systemd: %v", err)
		return
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("READY=1")); err != nil {
		log.Printf("systemd: %v", err)
	}
}

// final is an error that waiting does not cure.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// until repeats f until it succeeds, fails for good, or the service ends.
func until(ctx context.Context, every time.Duration, what string, f func(context.Context) error) error {
	said := ""
	for {
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := f(attempt)
		cancel()
		var stop final
		if err == nil || errors.As(err, &stop) {
			return err
		}
		if first := firstLine(err); first != said {
			said = first
			log.Printf("waiting for %s: %s", what, said)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(every):
		}
	}
}

// firstLine shortens an error: the API server's readiness has forty lines, written as one.
func firstLine(err error) string {
	text, _, _ := strings.Cut(strings.ReplaceAll(err.Error(), `\n`, "\n"), "\n")
	return text
}
