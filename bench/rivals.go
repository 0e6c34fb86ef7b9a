//go:build linux

package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"iomux/bench/rival"
)

// The names of the rivals that are not written in Go, or are programs of their own.
const (
	plainC     = "C"
	sharedC    = "C-mt"
	sharedPoll = "C-mt poll"
	sharedSel  = "C-mt select"
	libevent   = "libevent"
	libuv      = "libuv"
	libkqueue  = "libkqueue"
	python     = "Python"
	sharedPy   = "Python-mt"
	module     = "iomux in Python"
	example    = "examples/echo"
)

// debianPython is the interpreter that the Makefile builds the module for.
const debianPython = "/usr/bin/python3"

//go:embed c python
var sources embed.FS

// rivals holds the built programs, in a temporary folder.
type rivals struct {
	folder  string
	self    string
	absent  map[string]error // why a program is missing
	version map[string]string
}

// newRivals builds the programs. RESULTS.md lists those that fail to build, and why.
func newRivals() (*rivals, error) {
	r := &rivals{absent: make(map[string]error), version: make(map[string]string)}
	var err error
	if r.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if r.folder, err = os.MkdirTemp("", "iomux-bench"); err != nil {
		return nil, err
	}
	if err := os.CopyFS(r.folder, sources); err != nil {
		return nil, errors.Join(err, r.close())
	}
	r.buildC("waits")
	r.buildC(libevent, "-levent_core")
	r.buildC(libuv, "-luv")
	r.version[libevent], r.version[libuv] = output(r.path(libevent), "version"), output(r.path(libuv), "version")
	r.version[libkqueue] = output("pkg-config", "--modversion", "libkqueue")
	r.buildC(libkqueue, strings.Fields(output("pkg-config", "--cflags", "--libs", "libkqueue"))...)
	r.build(example, "go", "build", "-o", r.path("echo"), "iomux/examples/echo")
	// These are the flags with which make install builds the command.
	r.build(rival.Command, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", r.path("iomux"), "iomux/cmd/iomux")
	r.build(rival.Hello, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", r.path("hello"), "iomux/bench/hello")
	r.build(module, "make", "--silent", "python")
	r.version[python] = output("python3", "--version")
	if r.version[python] == "" {
		r.absent[python] = errors.New("python3 is not installed")
	}
	return r, nil
}

func (r *rivals) close() error { return os.RemoveAll(r.folder) }

func (r *rivals) path(name string) string { return filepath.Join(r.folder, name) }

// buildC builds a program in C with the libraries that its arguments name.
func (r *rivals) buildC(name string, libraries ...string) {
	arguments := []string{"-O2", "-pthread", "-o", r.path(name), r.path("c/" + name + ".c")}
	r.build(name, "cc", append(arguments, libraries...)...)
}

func (r *rivals) build(name, compiler string, arguments ...string) {
	out, err := exec.Command(compiler, arguments...).CombinedOutput()
	if err != nil {
		if line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); line != "" {
			err = fmt.Errorf("%w: %s", err, strings.TrimPrefix(line, r.folder+"/"))
		}
		r.absent[name] = err
	}
}

// program returns the name of the program that runs a rival.
func program(who string) string {
	switch who {
	case plainC, sharedC, sharedPoll, sharedSel:
		return "waits"
	case sharedPy:
		return module // which is built for the same interpreter
	}
	return who
}

// command returns the command that runs a rival with work.
func (r *rivals) command(who string, work []string) (*exec.Cmd, error) {
	if err := r.absent[program(who)]; err != nil {
		return nil, err
	}
	var command *exec.Cmd
	switch how := map[string]string{plainC: "one", sharedC: "mt"}[who]; who {
	case plainC, sharedC:
		command = exec.Command(r.path("waits"), append([]string{how}, work...)...)
	case sharedPoll, sharedSel:
		mechanism := strings.TrimPrefix(who, sharedC+" ")
		command = exec.Command(r.path("waits"), append([]string{"mt", work[0] + "-" + mechanism}, work[1:]...)...)
	case libevent, libuv, libkqueue:
		command = exec.Command(r.path(who), work...)
	case python:
		command = exec.Command("python3", append([]string{r.path("python/waits.py")}, work...)...)
	case sharedPy:
		command = exec.Command(debianPython, append([]string{r.path("python/waits.py"), "threaded"}, work...)...)
	case module:
		command = exec.Command(debianPython, append([]string{r.path("python/waits.py"), "iomux"}, work...)...)
	case example:
		command = exec.Command(r.path("echo"), "127.0.0.1:0")
	default:
		command = exec.Command(r.self, append([]string{"rival", who}, work...)...)
	}
	command.Env = append(os.Environ(), rival.PeerVariable+"="+r.path("waits"))
	switch who {
	case rival.Command:
		command.Env = append(command.Env, rival.ProgramVariable+"="+r.path("iomux"))
	case rival.Hello:
		command.Env = append(command.Env, rival.ProgramVariable+"="+r.path("hello"))
	case module:
		folder, err := filepath.Abs("python/dist")
		if err != nil {
			return nil, err
		}
		command.Env = append(command.Env, "PYTHONPATH="+folder)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command, nil
}
