package suite

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach lets a child have no console: it needs none, and Wine would start two processes to give it one.
func detach(child *exec.Cmd) {
	child.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS}
}
