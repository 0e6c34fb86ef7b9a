package main

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"iomux/internal/test/network"
	"iomux/internal/test/script"
	"iomux/internal/test/wine"

	"iomux/cmd/iomux/internal/session"
)

// scripts is embedded, so that the test binary runs alone.
//
//go:embed testdata
var scripts embed.FS

// raceOptions keeps the race detector from delaying the exit of each started command by a second.
const raceOptions = "atexit_sleep_ms=0"

// TestMain installs the test binary as the commands iomux and peer on the PATH of every test.
func TestMain(m *testing.M) {
	if _, err := os.Executable(); err != nil { // Linux without /proc
		fmt.Println("all tests are left out, because they start this program again:", err)
		return
	}
	if err := os.Setenv("GORACE", raceOptions); err != nil {
		panic(err)
	}
	testscript.Main(folders{m}, map[string]func(){"iomux": main, "peer": peer})
}

// folders runs all tests and removes the files that testscript cannot remove under Wine.
type folders struct{ tests *testing.M }

func (f folders) Run() int {
	catchIgnoredSignals()
	status := f.tests.Run()
	if wine.Running() {
		if path, err := exec.LookPath("iomux"); err == nil {
			_ = wine.RemoveAll(filepath.Dir(path)) // testscript reports leftovers
		}
	}
	return status
}

// catchIgnoredSignals catches signals that nohup(1) or a shell made this process ignore. Children
// inherit an ignored signal, but get the default effect of one that is caught.
func catchIgnoredSignals() {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

// TestScripts runs the command as a user does. Each script begins with its requirements.
func TestScripts(t *testing.T) {
	folder := wine.Folder(t)
	files, err := fs.Sub(scripts, "testdata/script")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(folder, files); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 folder,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           condition,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"status": script.Status[*testscript.TestScript]},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions)
			env.Setenv("MECHANISMS", strings.Join(session.Mechanisms(), " "))
			env.Setenv("PORT", freePort(t))
			env.Setenv("LOCALHOST", localhost(t))
			env.Setenv("EDGES", strings.Join(edgeMechanisms(), " "))
			return nil
		},
	})
}

// localhost returns the name localhost, or its address if this system has no such name.
func localhost(t *testing.T) string {
	t.Helper()
	if _, err := net.LookupHost("localhost"); err != nil {
		t.Log("the tests of a name use 127.0.0.1:", err)
		return "127.0.0.1"
	}
	return "localhost"
}

// freePort returns a port without a listener.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// condition evaluates the conditions that scripts write in brackets.
func condition(name string) (bool, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		_, err := os.Stat(path)
		return err == nil, nil
	}
	switch name {
	case "waits": // on all kinds of descriptors
		return len(session.Mechanisms()) > 0 && runtime.GOOS != "windows", nil
	case "wine":
		return wine.Running(), nil
	case "changes":
		return !slices.Contains([]string{"solaris", "illumos", "aix"}, runtime.GOOS), nil
	case "edges":
		return len(edgeMechanisms()) > 0, nil
	case "network":
		return network.Down() == nil, nil
	case "root":
		return os.Geteuid() == 0, nil
	case "namespaces": // with limits of their own
		_, err := os.Stat("/proc/sys/user/max_inotify_watches")
		return err == nil && exec.Command("unshare", "--user", "--map-root-user", "true").Run() == nil, nil
	}
	return false, errors.New("no such condition")
}

// edgeMechanisms returns the mechanisms that report arrivals only.
func edgeMechanisms() []string {
	return slices.DeleteFunc(session.Mechanisms(), func(name string) bool { return name != "epoll" && name != "kqueue" })
}

// program returns the path of the command.
func program(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("iomux")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(path)
}

// readLine returns the next line without its newline.
func readLine(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("no line: %v (after %q)", err, line)
	}
	return strings.TrimRight(line, "\r\n")
}
