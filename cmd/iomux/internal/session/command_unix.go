//go:build unix

package session

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux/cmd/iomux/internal/exit"
)

// replace replaces iomux with CMD. Signals then reach CMD, and its exit status is that of iomux.
// CMD ignores HUP and INT if they were ignored when iomux started, even if they were sources.
func (s *session) replace() error {
	signal.Reset()
	return s.child.failure(s.child.exec(func(path string, arguments []string) error {
		return syscall.Exec(path, arguments, environment(s.ready))
	}))
}

// exec calls execute for CMD, or for the shell if CMD is a script without an interpreter.
func (c *child) exec(execute func(path string, arguments []string) error) error {
	err := execute(c.path, c.arguments)
	if err == syscall.ENOEXEC {
		return execute("/bin/sh", append([]string{"sh", c.path}, c.arguments[1:]...))
	}
	return err
}

// failure returns why CMD does not run. If the file exists, its interpreter is missing. If the user
// may execute the file, its interpreter cannot be executed.
func (c *child) failure(err error) exit.Error {
	if err == syscall.EACCES && c.interpreter() != "" && unix.Access(c.path, unix.X_OK) == nil {
		text := fmt.Errorf("%s: the interpreter %s is not executable", printable(c.path), printable(c.interpreter()))
		return exit.Error{Status: exit.NotRun, Reason: text}
	}
	if _, missing := os.Stat(c.path); err != syscall.ENOENT || missing != nil {
		return cannotRun(c.path, err)
	}
	text := "its interpreter or dynamic linker is missing"
	if interpreter := c.interpreter(); interpreter != "" {
		text = "the interpreter " + printable(interpreter) + " is missing"
	}
	return exit.Error{Status: exit.NotFound, Reason: fmt.Errorf("%s: %s", printable(c.path), text)}
}

// interpreter returns the interpreter that a script names after #!.
func (c *child) interpreter() string {
	fd, err := unix.Open(c.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer func() { _ = unix.Close(fd) }() // it was only read
	start := make([]byte, 256)            // the kernel reads no more
	n, err := unix.Read(fd, start)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(start[:n]), "\n")
	words := strings.FieldsFunc(strings.TrimPrefix(line, "#!"), func(r rune) bool { return r == ' ' || r == '\t' })
	if !strings.HasPrefix(line, "#!") || len(words) == 0 {
		return ""
	}
	return words[0]
}

// passedOn are the signals that a running CMD gets when iomux gets them.
var passedOn = []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT}

// start starts CMD. Package os/exec would make inherited descriptors blocking.
func (c *child) start(environment []string) (*os.Process, error) {
	attributes := &syscall.ProcAttr{Env: environment, Files: []uintptr{0, 1, 2}}
	var pid int
	err := c.exec(func(path string, arguments []string) (err error) {
		pid, err = syscall.ForkExec(path, arguments, attributes)
		return err
	})
	if err != nil {
		return nil, err
	}
	return os.FindProcess(pid)
}

// passOn sends CMD the signal, unless a key of the terminal has sent it to both. A stopped CMD
// continues, because only then does it get the signal.
func passOn(process *os.Process, sig syscall.Signal) {
	if !isTyped(sig, process.Pid) {
		_ = process.Signal(sig) // CMD may have ended, or have another user's rights
		_ = process.Signal(syscall.SIGCONT)
	}
}

// isTyped reports whether the signal can come from Ctrl-C or Ctrl-\, which the terminal sends to
// all processes of the foreground group.
func isTyped(sig syscall.Signal, pid int) bool {
	if sig != syscall.SIGINT && sig != syscall.SIGQUIT {
		return false
	}
	own, failed := unix.Getpgid(0)
	if group, err := unix.Getpgid(pid); err != nil || failed != nil || group != own {
		return false
	}
	terminal, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(terminal) }() // nothing was written to it
	foreground, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP)
	// The kernel writes 32 bits, which are the upper half on big-endian systems.
	return err == nil && (foreground == own || int64(foreground)>>32 == int64(own))
}

func terminate(process *os.Process) { passOn(process, syscall.SIGTERM) }

// dieOf ends iomux with the signal, so that a shell sees it. The Go runtime prints its stacks at a
// SIGQUIT, which therefore is a mere exit status.
func dieOf(sig syscall.Signal) error {
	if sig != syscall.SIGQUIT && syscall.Kill(syscall.Getpid(), sig) == nil {
		time.Sleep(time.Second) // another thread may get it
	}
	return exit.Error{Status: 128 + int(sig)}
}

// describe returns the signal that ended CMD, or its exit status.
func describe(state *os.ProcessState) string {
	if status := state.Sys().(syscall.WaitStatus); status.Signaled() {
		return status.Signal().String()
	}
	return state.String()
}
