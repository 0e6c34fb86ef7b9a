package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// probes maps each step that needs more than Go to its probe. A probe returns why this machine
// cannot run the step, or nothing if it can.
var probes = map[string]func(context.Context) string{
	"race":          raceDetector,
	"stress":        raceDetector,
	"lint":          func(ctx context.Context) string { return unbuilt(ctx, "bin") },
	"api-same":      func(ctx context.Context) string { return unbuilt(ctx, "bin-api") },
	"prose":         listed,
	"scripts":       func(context.Context) string { return missing("shellcheck") },
	"layouts-386":   func(ctx context.Context) string { return foreign(ctx, "386", "") },
	"layouts-arm64": func(ctx context.Context) string { return foreign(ctx, "arm64", "qemu-aarch64") },
	"layouts-s390x": func(ctx context.Context) string { return foreign(ctx, "s390x", "qemu-s390x") },
	"wine":          wine,
	"python-check":  python,
}

// instead maps a step to the one that replaces it if this machine cannot run it.
var instead = map[string]string{"race": "test"}

// probe returns why this machine cannot run the step, or nothing if it can.
func probe(ctx context.Context, step string) string {
	if try, ok := probes[step]; ok {
		return try(ctx)
	}
	return ""
}

// missing returns a reason if one of the programs is not on PATH.
func missing(programs ...string) string {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			return name + " is not installed"
		}
	}
	return ""
}

// listed returns a reason if git cannot list the files of the project, for example in a source
// archive.
func listed(ctx context.Context) string {
	if reason := missing("git"); reason != "" {
		return reason
	}
	return failure(ctx, "git", "ls-files", "--error-unmatch", "Makefile")
}

// failure returns a reason if the command fails. The reason is the last line of output that make
// has not added, or the error.
func failure(ctx context.Context, name string, args ...string) string {
	output, err := command(ctx, name, args...)
	if err == nil {
		return ""
	}
	reason := err.Error()
	for line := range strings.Lines(string(output)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "make") {
			reason = line
		}
	}
	return fmt.Sprintf("%s: %s", filepath.Base(name), reason)
}

// program is the source of a program that does nothing. Probes build and run it.
const program = "package main\n\nfunc main() {}\n"

// built builds the program and returns the result of use, which it calls with the path. If the
// build fails, it returns a reason. The environment holds settings of the go command.
func built(ctx context.Context, environment []string, flags []string, use func(path string) string) string {
	folder, err := os.MkdirTemp("", "check")
	if err != nil {
		return err.Error()
	}
	defer func() { _ = os.RemoveAll(folder) }()
	source, path := filepath.Join(folder, "main.go"), filepath.Join(folder, "program")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		return err.Error()
	}
	args := append(append(environment, "GOWORK=off", "go", "build", "-o", path), append(flags, source)...)
	if reason := failure(ctx, "env", args...); reason != "" {
		return "cannot build a program: " + strings.TrimPrefix(reason, "env: ")
	}
	return use(path)
}

// foreign returns a reason if programs for another processor do not run with the emulator, or
// directly if emulator is empty.
func foreign(ctx context.Context, processor, emulator string) string {
	if emulator != "" {
		if reason := missing(emulator); reason != "" {
			return reason
		}
	}
	return built(ctx, []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + processor}, nil, func(path string) string {
		args := []string{path}
		if emulator != "" {
			args = []string{emulator, path}
		}
		if output, err := command(ctx, args[0], args[1:]...); err != nil {
			reason := strings.TrimPrefix(err.Error(), "fork/exec "+path+": ")
			return strings.TrimSpace(fmt.Sprintf("this machine runs no %s programs: %s %s", processor, reason, output))
		}
		return ""
	})
}

// raceDetector returns a reason if programs with the race detector cannot be built or run. They
// need a C compiler, the headers of the C library, and a supported processor.
func raceDetector(ctx context.Context) string {
	return built(ctx, []string{"CGO_ENABLED=1"}, []string{"-race"}, func(path string) string { return failure(ctx, path) })
}

// unbuilt returns a reason if the tools of a target cannot be built. The first build downloads
// them.
func unbuilt(ctx context.Context, target string) string {
	if reason := failure(ctx, "make", "--no-print-directory", target); reason != "" {
		return "cannot build the tools: " + reason
	}
	return ""
}

// wine returns a reason if Wine cannot start a small Windows program.
func wine(ctx context.Context) string {
	if reason := missing("wine", "wineserver", "timeout"); reason != "" {
		return reason
	}
	if reason := unbuilt(ctx, "bin-forward"); reason != "" {
		return reason
	}
	return failure(ctx, "tools/wine.sh", "true")
}

// python returns a reason if Python, its headers, its own tests, or the C tools are not installed,
// or Python is too old.
func python(ctx context.Context) string {
	interpreter := os.Getenv("PYTHON")
	if interpreter == "" {
		interpreter = "/usr/bin/python3"
	}
	if reason := missing(interpreter, "gcc", "strip"); reason != "" {
		return reason
	}
	const script = `import os, sys, sysconfig
if sys.version_info < (3, 11): sys.exit("Python is older than 3.11")
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")): sys.exit("Python's headers are not installed")
try: import test.test_epoll, venv
except ImportError: sys.exit("Python's own tests are not installed")`
	if output, err := exec.CommandContext(ctx, interpreter, "-c", script).CombinedOutput(); err != nil {
		return strings.TrimSpace(string(output))
	}
	return ""
}

// limits returns the kinds of tests that skip themselves on this machine, and why.
func limits(ctx context.Context) []string {
	var all []string
	if conn, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		all = append(all, fmt.Sprintf("tests of IPv6: %v", err))
	} else {
		_ = conn.Close()
	}
	if terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err != nil {
		all = append(all, fmt.Sprintf("tests on a terminal: %v", err))
	} else {
		_ = terminal.Close()
	}
	if missing("unshare") == "" {
		if reason := failure(ctx, "unshare", "--user", "--map-root-user", "true"); reason != "" {
			all = append(all, "tests in namespaces: "+reason)
		}
	}
	if os.Geteuid() != 0 {
		all = append(all, "tests that need root: the user is not root")
	}
	return all
}
