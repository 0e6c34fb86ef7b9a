package session

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"iomux/cmd/iomux/internal/exit"
)

// replace runs CMD, whose status is the status: no process can be made another one here.
func (s *session) replace() error {
	err := s.child.run(s.ready)
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return exit.Error{Status: ended.ExitCode()}
	}
	if err != nil {
		return cannotRun(s.child.path, err)
	}
	return nil
}

// runChild runs CMD for one report, to its end.
func (s *session) runChild(r report) {
	if s.child == nil {
		return
	}
	err := s.child.run([]report{r})
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		err = fmt.Errorf("exit status %d", ended.ExitCode())
	}
	if err != nil {
		exit.Complain(s.Command[0] + ": " + err.Error())
	}
}

func (c *child) run(reports []report) error {
	cmd := exec.Command(c.path, c.arguments[1:]...)
	cmd.Env = environment(reports)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
