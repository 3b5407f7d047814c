// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command argocd is the image of Argo CD as one program of the host: the application controller, the ApplicationSet controller, the repo server, the API
// server and the program that git asks for passwords, all from Argo CD's own module, and the kustomize that it calls. As a container it is called with
// the container's command line; it then makes what the image and the volumes of the pod would bring along, and becomes the component.
//
// Left out: notifications, Dex, commit server, config management plugins, the command line, signatures of commits, and the pages of the user
// interface.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	kustomize "sigs.k8s.io/kustomize/kustomize/v5/commands"

	applicationcontroller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	applicationsetcontroller "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	gitaskpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	server "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/util/log"

	"homeops.cluster/lab/argocd/internal/container"
)

var components = map[string]func() *cobra.Command{
	common.CommandApplicationController:    applicationcontroller.NewCommand,
	common.CommandApplicationSetController: applicationsetcontroller.NewCommand,
	common.CommandRepoServer:               reposerver.NewCommand,
	common.CommandServer:                   server.NewCommand,
	common.CommandGitAskPass:               gitaskpass.NewCommand,
	container.Kustomize:                    kustomize.NewDefaultCommand,
}

func main() {
	if component, made := os.LookupEnv(container.Component); made {
		klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
		if components[component]().Execute() != nil { // which has told why
			os.Exit(1)
		}
		return
	}
	err := errors.New("usage: argocd /usr/local/bin/COMPONENT [arguments], the command line of a container of Argo CD's")
	if len(os.Args) > 1 {
		component := filepath.Base(os.Args[1])
		if _, known := components[component]; known {
			err = container.Become(component, os.Args[2:])
		} else {
			err = fmt.Errorf("there is no component %s in the lab", component)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
