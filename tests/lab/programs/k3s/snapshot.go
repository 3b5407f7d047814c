// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"homeops.cluster/lab/k3s/internal/settings"
)

func snapshotCommand() *cobra.Command {
	root := &cobra.Command{Use: "etcd-snapshot", Short: "Manage etcd snapshots"}
	save := &cobra.Command{Use: "save", Short: "Take a snapshot"}
	name := save.Flags().String("name", "on-demand", "base name")
	list := &cobra.Command{Use: "ls", Aliases: []string{"list", "l"}, Short: "List snapshots"}
	root.AddCommand(
		withSettings(save, func(s *settings.Settings) error { return saveSnapshot(s, *name) }),
		withSettings(list, listSnapshots),
	)
	return root
}

func snapshotDir(s *settings.Settings) string { return s.Path("server/db/snapshots") }

func saveSnapshot(s *settings.Settings, name string) error {
	client, err := newEtcd(s).client("127.0.0.1")
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := client.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := os.MkdirAll(snapshotDir(s), 0o700); err != nil {
		return err
	}
	path := filepath.Join(snapshotDir(s), fmt.Sprintf("%s-%s-%d", name, s.NodeName, time.Now().Unix()))
	partial := path + ".part"
	file, err := os.OpenFile(partial, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(partial)
	size, err := file.ReadFrom(stream)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	fmt.Printf("Snapshot %s saved (%d bytes)\n", filepath.Base(path), size)
	return nil
}

func listSnapshots(s *settings.Settings) error {
	files, err := filepath.Glob(filepath.Join(snapshotDir(s), "*"))
	if err != nil {
		return err
	}
	fmt.Println("Name\tLocation\tSize\tCreated")
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		fmt.Printf("%s\tfile://%s\t%d\t%s\n", info.Name(), path, info.Size(), info.ModTime().UTC().Format(time.RFC3339))
	}
	return nil
}
