//go:build unix || windows

package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"iomux/cmd/iomux/internal/exit"
)

// child is CMD, found on PATH.
type child struct {
	path      string
	arguments []string
}

// findCommand finds CMD before the wait, so that a misspelt name fails at once.
func (s *session) findCommand() error {
	if s.Command == nil {
		return nil
	}
	path, err := exec.LookPath(s.Command[0])
	if err != nil {
		return cannotRun(s.Command[0], err)
	}
	s.child = &child{path, s.Command}
	return nil
}

// cannotRun returns why CMD does not run, and its exit status.
func cannotRun(name string, err error) exit.Error {
	status := exit.NotRun
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		status, err = exit.NotFound, errors.New("command not found")
	case errors.Is(err, exec.ErrDot):
		status, err = exit.NotFound, fmt.Errorf("command not found on PATH: use ./%s for the one here", name)
	case errors.Is(err, syscall.E2BIG):
		err = errors.New("the arguments and IOMUX_SOURCE, which lists all sources, are too long: name fewer sources")
	case errors.Is(err, fs.ErrPermission) && isPlainFile(name):
		err = errors.New("not executable: use chmod +x")
	default:
		err = reason(err)
	}
	return exit.Error{Status: status, Reason: fmt.Errorf("%s: %w", printable(name), err)}
}

// isPlainFile reports whether a file has no permission to be executed by anybody.
func isPlainFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 == 0
}

// reason returns the errno in err, because names of system calls do not help users of a shell.
func reason(err error) error {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno
	}
	return err
}

// environment returns the environment of iomux with what was ready, a line for each source.
func environment(reports []report) []string {
	var sources, ready []string
	for _, r := range reports {
		sources = append(sources, r.source)
		ready = append(ready, r.ready.String())
	}
	variables := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "IOMUX_SOURCE=") || strings.HasPrefix(variable, "IOMUX_READY=")
	})
	return append(variables, "IOMUX_SOURCE="+strings.Join(sources, "\n"), "IOMUX_READY="+strings.Join(ready, "\n"))
}
