//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// hypervisor returns the name of this machine's hypervisor, if the kernel knows it.
func hypervisor() string {
	for _, file := range []string{"/sys/hypervisor/type", "/sys/class/dmi/id/sys_vendor"} {
		if text, err := os.ReadFile(file); err == nil {
			return string(text)
		}
	}
	text, err := os.ReadFile("/proc/cpuinfo")
	switch {
	case err != nil:
		return "unknown"
	case strings.Contains(string(text), " hypervisor"):
		return "without a name"
	}
	return "none found"
}

// run32Bit describes whether 32-bit programs run. It starts one.
func run32Bit() string {
	architecture := map[string]string{"amd64": "386", "arm64": "arm"}[runtime.GOARCH]
	if architecture == "" {
		return "not tried"
	}
	folder, err := os.MkdirTemp("", "iomux-bench")
	if err != nil {
		return "not tried"
	}
	defer func() { _ = os.RemoveAll(folder) }()
	source, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "program")
	if os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600) != nil {
		return "not tried"
	}
	build := exec.Command("go", "build", "-o", program, source)
	build.Env = append(os.Environ(), "GOARCH="+architecture, "CGO_ENABLED=0")
	if build.Run() != nil {
		return "not tried"
	}
	if exec.Command(program).Run() != nil {
		return "do not run"
	}
	return "run"
}

const earlierTitle = "\n# An earlier run on another make of machine\n"

// machine returns the facts in a report that name the make of the machine.
func machine(report string) (facts []string) {
	for line := range strings.Lines(report) {
		for _, name := range []string{"processor", "hypervisor", "32-bit programs"} {
			if strings.HasPrefix(line, "| "+name+" |") {
				facts = append(facts, line)
			}
		}
	}
	return facts
}

// isSameMake reports whether no fact of an older report contradicts those of a newer one. The first
// reports name only the processor.
func isSameMake(older, newer []string) bool {
	return !slices.ContainsFunc(older, func(fact string) bool { return !slices.Contains(newer, fact) })
}

// withEarlier appends the runs of an older file that come from other makes of machine. It keeps the
// last run of each make, without the notes.
func withEarlier(current, older string) string {
	made := machine(current)
	for run := range strings.SplitSeq(older, earlierTitle) {
		run, _, _ = strings.Cut(run, notesTitle)
		if _, after, found := strings.Cut(run, introduction); found {
			run = after
		}
		if facts := machine(run); len(facts) > 0 && !isSameMake(facts, made) {
			current = strings.TrimRight(current, "\n") + "\n" + earlierTitle + "\n" + strings.Trim(run, "\n") + "\n"
		}
	}
	return current
}

// notesTitle begins the notes.
const notesTitle = "\n## Why some goals are missed\n"
