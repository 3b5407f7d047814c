// SPDX-FileCopyrightText: 2026 homeops.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command oracle asks Argo CD's own code whether an AppProject permits something: one question per line in, one answer
// per line out, in the same order, both JSON. The collection's own verdicts are compared with these
// (tests/differential).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/git"
	"github.com/sirupsen/logrus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	controllerNamespace = "argocd"
	longestLine         = 16 << 20
)

// Cluster is one that Argo CD knows.
type Cluster struct {
	Server string `json:"server"`
	Name   string `json:"name"`
}

// Dest is a destination with its cluster looked up: both its server and its name.
type Dest struct {
	Server    string `json:"server,omitempty"`
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace"`
}

// Kind is a resource to be deployed.
type Kind struct {
	Group      string `json:"group"`
	Kind       string `json:"kind"`
	Name       string `json:"name,omitempty"`
	Namespaced bool   `json:"namespaced"`
}

// Query asks about one project; what is not there is not asked.
type Query struct {
	ID              string              `json:"id,omitempty"`
	Project         v1alpha1.AppProject `json:"project"`
	SourceRepo      *string             `json:"source_repo,omitempty"`
	Dest            *Dest               `json:"dest,omitempty"`
	ProjectClusters []Cluster           `json:"project_clusters,omitempty"`
	Kind            *Kind               `json:"kind,omitempty"`
	AppNamespace    *string             `json:"app_namespace,omitempty"`
	SameURL         []string            `json:"same_url,omitempty"`
}

// Result answers what was asked. A panic of Argo CD's code is an error, and ends the answer there.
type Result struct {
	ID               string   `json:"id,omitempty"`
	Error            string   `json:"error,omitempty"`
	Source           *bool    `json:"source_permitted,omitempty"`
	NormalizedSource *string  `json:"normalized_source,omitempty"`
	NormalizedRepos  []string `json:"normalized_source_repos,omitempty"`
	Dest             *bool    `json:"dest_permitted,omitempty"`
	DestError        string   `json:"dest_error,omitempty"`
	Kind             *bool    `json:"kind_permitted,omitempty"`
	Resource         *bool    `json:"resource_permitted,omitempty"`
	AppNamespace     *bool    `json:"app_namespace_permitted,omitempty"`
	SameURL          *bool    `json:"same_url,omitempty"`
	ProjectInvalid   string   `json:"project_invalid,omitempty"`
}

func main() {
	logrus.SetOutput(io.Discard) // a pattern that does not compile is only logged; the verdict tells enough
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(questions io.Reader, answers io.Writer) error {
	lines := bufio.NewScanner(questions)
	lines.Buffer(make([]byte, 0, 1<<16), longestLine)
	out := bufio.NewWriter(answers)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := encoder.Encode(answer(lines.Bytes())); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func answer(line []byte) (result Result) {
	var query Query
	err := json.Unmarshal(line, &query)
	result.ID = query.ID
	if err != nil {
		result.Error = "bad input: " + err.Error()
		return result
	}
	defer func() {
		if problem := recover(); problem != nil {
			result.Error = fmt.Sprint("panic: ", problem)
		}
	}()
	query.ask(&result)
	return result
}

func (query *Query) ask(result *Result) {
	project := query.Project
	if err := project.ValidateProject(); err != nil {
		result.ProjectInvalid = err.Error()
	}
	if query.SourceRepo != nil {
		permitted := project.IsSourcePermitted(v1alpha1.ApplicationSource{RepoURL: *query.SourceRepo})
		normalized := git.NormalizeGitURL(*query.SourceRepo)
		result.Source, result.NormalizedSource = &permitted, &normalized
		for _, entry := range project.Spec.SourceRepos {
			pattern, denies := strings.CutPrefix(entry, "!")
			normalized := git.NormalizeGitURL(pattern)
			if denies {
				normalized = "!" + normalized
			}
			result.NormalizedRepos = append(result.NormalizedRepos, normalized)
		}
	}
	query.askDestination(&project, result)
	if query.AppNamespace != nil {
		application := v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: *query.AppNamespace}}
		permitted := project.IsAppNamespacePermitted(&application, controllerNamespace)
		result.AppNamespace = &permitted
	}
	if len(query.SameURL) == 2 {
		same := git.SameURL(query.SameURL[0], query.SameURL[1])
		result.SameURL = &same
	}
}

func (query *Query) askDestination(project *v1alpha1.AppProject, result *Result) {
	if query.Dest != nil {
		cluster := query.cluster()
		permitted, err := project.IsDestinationPermitted(cluster, query.Dest.Namespace, query.projectClusters)
		result.Dest = &permitted
		if err != nil {
			result.DestError = err.Error()
		}
	}
	if query.Kind == nil {
		return
	}
	kind := schema.GroupKind{Group: query.Kind.Group, Kind: query.Kind.Kind}
	permitted := project.IsGroupKindNamePermitted(kind, query.Kind.Name, query.Kind.Namespaced)
	result.Kind = &permitted
	if query.Dest == nil {
		return
	}
	namespace := ""
	if query.Kind.Namespaced {
		namespace = query.Dest.Namespace
	}
	deployed, err := project.IsResourcePermitted(kind, query.Kind.Name, namespace, query.cluster(), query.projectClusters)
	if err == nil {
		result.Resource = &deployed
	}
}

func (query *Query) cluster() *v1alpha1.Cluster {
	return &v1alpha1.Cluster{Server: query.Dest.Server, Name: query.Dest.Name}
}

func (query *Query) projectClusters(string) ([]*v1alpha1.Cluster, error) {
	var clusters []*v1alpha1.Cluster
	for _, cluster := range query.ProjectClusters {
		clusters = append(clusters, &v1alpha1.Cluster{Server: cluster.Server, Name: cluster.Name})
	}
	return clusters, nil
}
