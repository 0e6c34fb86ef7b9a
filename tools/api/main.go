// Command api compares the exported interface of the module in the current folder with a golden
// file, and between targets. The interface must be the same for all of them. It has a line for each
// exported object, field and method of the public packages.
//
//	api -golden api.txt linux/amd64 darwin/arm64 …
//
// The golden file holds the interface for the first target. With -write, api replaces the file.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

func main() {
	golden := flag.String("golden", "api.txt", "the `file` with the accepted interface")
	write := flag.Bool("write", false, "replace the golden file")
	flag.Parse()
	if err := run(*golden, *write, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(golden string, write bool, targets []string) error {
	if len(targets) == 0 {
		return errors.New("name the targets, for example linux/amd64 windows/amd64")
	}
	interfaces, err := loadAll(targets)
	if err != nil {
		return err
	}
	var problems []string
	for i, lines := range interfaces[1:] {
		if difference := compare(interfaces[0], lines); difference != "" {
			problems = append(problems, fmt.Sprintf("the interface differs between %s (-) and %s (+):\n%s", targets[0], targets[i+1], difference))
		}
	}
	if write {
		if err := os.WriteFile(golden, []byte(strings.Join(interfaces[0], "\n")+"\n"), 0o644); err != nil {
			return err
		}
	} else {
		accepted, err := os.ReadFile(golden)
		if err != nil {
			return err
		}
		if difference := compare(strings.Split(strings.TrimSpace(string(accepted)), "\n"), interfaces[0]); difference != "" {
			problems = append(problems, fmt.Sprintf("the interface differs from %s; if the change is intended, accept it with `make api`:\n%s", golden, difference))
		}
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	return nil
}

// compare returns the lines that only one of the two has, each with - or + before it. It returns
// nothing if they are equal.
func compare(before, after []string) string {
	var difference strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			fmt.Fprintf(&difference, "  - %s\n", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			fmt.Fprintf(&difference, "  + %s\n", line)
		}
	}
	return difference.String()
}

// loadAll returns the interface for each target. It loads one for each processor at once.
func loadAll(targets []string) ([][]string, error) {
	interfaces, failures := make([][]string, len(targets)), make([]error, len(targets))
	places := make(chan struct{}, runtime.NumCPU())
	var all sync.WaitGroup
	for i, target := range targets {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			interfaces[i], failures[i] = load(target, ".")
		})
	}
	all.Wait()
	return interfaces, errors.Join(failures...)
}

// load returns the sorted lines of all public packages of the module in folder.
func load(target, folder string) ([]string, error) {
	system, architecture, ok := strings.Cut(target, "/")
	if !ok {
		return nil, fmt.Errorf("%q is not a target: want system/processor, such as linux/amd64", target)
	}
	config := packages.Config{
		Mode: packages.LoadTypes,
		Dir:  folder,
		// The root module is loaded as its users get it, with the versions in its own
		// go.mod.
		Env: append(os.Environ(), "GOOS="+system, "GOARCH="+architecture, "CGO_ENABLED=0", "GOWORK=off"),
	}
	loaded, err := packages.Load(&config, "./...")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", target, err)
	}
	var lines []string
	for _, p := range loaded {
		if p.Name == "main" || slices.Contains(strings.Split(p.PkgPath, "/"), "internal") {
			continue
		}
		for _, failure := range p.Errors {
			return nil, fmt.Errorf("%s: %w", target, failure)
		}
		lines = append(lines, describe(p.Types)...)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s: there are no public packages", target)
	}
	slices.Sort(lines)
	return lines, nil
}
