package session

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"iomux/cmd/iomux/internal/exit"
)

// replace runs CMD and ends with its exit status, because Windows cannot replace a process.
func (s *session) replace() error {
	err := s.child.command(environment(s.ready)).Run()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return exit.Error{Status: ended.ExitCode()}
	}
	if err != nil {
		return s.child.failure(err)
	}
	return nil
}

// passedOn lists the signals that do not end iomux while CMD runs. The console sends them to CMD,
// too.
var passedOn = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}

func (c *child) start(environment []string) (*os.Process, error) {
	cmd := c.command(environment)
	err := cmd.Start()
	return cmd.Process, err
}

func (c *child) command(environment []string) *exec.Cmd {
	cmd := exec.Command(c.path, c.arguments[1:]...)
	cmd.Env = environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

func passOn(*os.Process, syscall.Signal) {}

func terminate(process *os.Process) { _ = process.Kill() } // it may have ended

// dieOf returns the exit status that shells report for the signal.
func dieOf(sig syscall.Signal) error { return exit.Error{Status: 128 + int(sig)} }

// failure returns why CMD does not run.
func (c *child) failure(err error) exit.Error { return cannotRun(c.path, err) }

func describe(state *os.ProcessState) string { return state.String() }

// There are no FIFOs in the file system here.
func (s *session) releaseFIFOs() (held bool) { return false }
func (s *session) holdFIFOs()                {}
func (t *target) closeWriter()               {}
