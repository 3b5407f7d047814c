// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command generator asks Argo CD's own code what an ApplicationSet comes to, or what a template prints.
// JSON lines on standard input, one answer for each on standard output. The repository is given with the question.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"sort"

	"github.com/argoproj/argo-cd/v3/applicationset/controllers/template"
	"github.com/argoproj/argo-cd/v3/applicationset/generators"
	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	log "github.com/sirupsen/logrus"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

type question struct {
	// Either a template with its parameters …
	Template *string        `json:"template,omitempty"`
	Params   map[string]any `json:"params,omitempty"`
	Go       bool           `json:"go,omitempty"`
	Options  []string       `json:"options,omitempty"`
	// … or a whole ApplicationSet, with the directories and files of the repository.
	ApplicationSet *v1alpha1.ApplicationSet `json:"applicationset,omitempty"`
	Directories    []string                 `json:"directories,omitempty"`
	Files          map[string]string        `json:"files,omitempty"`
}

type answer struct {
	Text         *string                `json:"text,omitempty"`
	Error        string                 `json:"error,omitempty"`
	Applications []v1alpha1.Application `json:"applications,omitempty"`
}

type repository struct{ question question }

func (r repository) GetFiles(_ context.Context, _, _, _, pattern string, _ bool, _ *v1alpha1.SourceIntegrity) (map[string][]byte, error) {
	found := map[string][]byte{}
	for name, content := range r.question.Files {
		if matched, err := path.Match(pattern, name); err == nil && matched {
			found[name] = []byte(content)
		}
	}
	return found, nil
}

func (r repository) GetDirectories(_ context.Context, _, _, _ string, _ bool, _ *v1alpha1.SourceIntegrity) ([]string, error) {
	return r.question.Directories, nil
}

// Every project is there, and asks for no signatures.
type cluster struct{ client.Client }

func (cluster) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return nil
}

func main() {
	log.SetOutput(io.Discard)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var asked question
		var answered answer
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			answered.Error = err.Error()
		} else if asked.Template != nil {
			text, err := replace(asked)
			if err != nil {
				answered.Error = err.Error()
			} else {
				answered.Text = &text
			}
		} else {
			applications, err := generate(asked)
			answered.Applications = applications
			if err != nil {
				answered.Error = err.Error()
			}
		}
		if err := encoder.Encode(answered); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// A function that is given what it cannot use may panic, which Argo CD's own template library does not catch everywhere.
func replace(asked question) (text string, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	render := utils.Render{}
	return render.Replace(*asked.Template, asked.Params, asked.Go, asked.Options)
}

func generate(asked question) (applications []v1alpha1.Application, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	basic := map[string]generators.Generator{
		"List": generators.NewListGenerator(),
		"Git":  generators.NewGitGenerator(repository{asked}, "argocd"),
	}
	nested := map[string]generators.Generator{
		"List": basic["List"], "Git": basic["Git"],
		"Matrix": generators.NewMatrixGenerator(basic), "Merge": generators.NewMergeGenerator(basic),
	}
	all := map[string]generators.Generator{
		"List": basic["List"], "Git": basic["Git"],
		"Matrix": generators.NewMatrixGenerator(nested), "Merge": generators.NewMergeGenerator(nested),
	}
	applications, _, err = template.GenerateApplications(log.NewEntry(log.StandardLogger()), *asked.ApplicationSet, all, &utils.Render{}, cluster{})
	sort.SliceStable(applications, func(i, j int) bool { return applications[i].Name < applications[j].Name })
	return applications, err
}
