package suite

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// detach gives a child process no console. It needs none, and Wine would start two more processes
// for it.
func detach(child *exec.Cmd) {
	child.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS}
}

// InConsole reports whether this process has a console of its own. If not, it runs the calling test
// again in such a process, and the test then fails or is skipped as it did there. The console is
// invisible, so that Ctrl-C there reaches no other process.
func InConsole(t testing.TB) bool {
	t.Helper()
	const part = "console"
	if Part() == part {
		return true
	}
	output, err := again(t, part, func(child *exec.Cmd) {
		child.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NO_WINDOW}
	}, "-test.v")
	switch {
	case err != nil, !strings.Contains(output, "\nPASS"): // it may have ended too early
		t.Fatalf("in a console: %v\n%s", err, output)
	case strings.Contains(output, "--- SKIP"):
		t.Skip(output)
	}
	return false
}

// console opens an end of the console, CONIN$ or CONOUT$.
func console(t testing.TB, end string) int {
	t.Helper()
	path, err := windows.UTF16PtrFromString(end)
	Must(t, err)
	fd, err := windows.CreateFile(path, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil,
		windows.OPEN_EXISTING, 0, 0)
	Must(t, err)
	keep(t, int(fd))
	var mode uint32
	Must(t, windows.GetConsoleMode(fd, &mode)) // fails if it is not a console
	return int(fd)
}
