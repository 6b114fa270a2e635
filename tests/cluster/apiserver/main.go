// A kube-apiserver for the tests: Kubernetes' own, without anything else of a control plane.
//
// It serves the API over an etcd that `tests/cluster` starts beside it. No controller and no kubelet runs: what the
// tests write stays as it is written, and pods get their addresses by a write to their status.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
