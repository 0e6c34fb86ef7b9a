//go:build unix

package session

import (
	"fmt"
	"syscall"

	"iomux/cmd/iomux/internal/exit"
)

// replace makes CMD of this process, so that signals reach it and its status is the status.
func (s *session) replace() error {
	err := syscall.Exec(s.child.path, s.child.arguments, environment(s.ready))
	return cannotRun(s.child.path, err)
}

// runChild runs CMD for one report, to its end. It is started without package os/exec, which would make inherited
// descriptors blocking.
func (s *session) runChild(r report) {
	if s.child == nil {
		return
	}
	attributes := &syscall.ProcAttr{Env: environment([]report{r}), Files: []uintptr{0, 1, 2}}
	pid, err := syscall.ForkExec(s.child.path, s.child.arguments, attributes)
	if err != nil {
		exit.Complain(s.Command[0] + ": " + err.Error())
		return
	}
	var status syscall.WaitStatus
	_, err = ignoringInterrupts(func() (int, error) { return syscall.Wait4(pid, &status, 0, nil) })
	switch {
	case err != nil:
		exit.Complain(s.Command[0] + ": " + err.Error())
	case status.Signaled():
		exit.Complain(fmt.Sprintf("%s: %s", s.Command[0], status.Signal()))
	case status.ExitStatus() != 0:
		exit.Complain(fmt.Sprintf("%s: exit status %d", s.Command[0], status.ExitStatus()))
	}
}
