//go:build unix

package session

import (
	"os"
	"syscall"
	"time"

	"iomux/cmd/iomux/internal/exit"
)

// replace makes CMD of this process, so that signals reach it and its status is the status.
func (s *session) replace() error {
	err := syscall.Exec(s.child.path, s.child.arguments, environment(s.ready))
	return cannotRun(s.child.path, err)
}

// passedOn are the signals that a running CMD gets when iomux gets them.
var passedOn = []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT}

// start starts CMD. Package os/exec would make inherited descriptors blocking.
func (c *child) start(environment []string) (*os.Process, error) {
	attributes := &syscall.ProcAttr{Env: environment, Files: []uintptr{0, 1, 2}}
	pid, err := syscall.ForkExec(c.path, c.arguments, attributes)
	if err != nil {
		return nil, err
	}
	return os.FindProcess(pid)
}

func passOn(process *os.Process, sig syscall.Signal) {
	_ = process.Signal(sig) // it may have ended, or have another user's rights
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
