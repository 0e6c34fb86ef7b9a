package pathwatch

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
)

// mountName is the name of an environment variable that makes the test run in a new mount
// namespace.
const mountName = "IOMUX_PATHWATCH_MOUNT"

// Unmounting a file system removes its files. Mounting one is not reported, as the package comment
// states.
func TestUnmount(t *testing.T) {
	if os.Getenv(mountName) == "" {
		// Go leaks a pipe if a namespace with mapped users fails, so try one without first.
		probe := suite.Itself(t.Context(), "-test.run=^$")
		probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS}
		if err := probe.Run(); err != nil {
			t.Skip("no namespaces:", err)
		}
		child := suite.Itself(t.Context(), "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), mountName+"=1")
		child.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
		output, err := child.CombinedOutput()
		if err != nil || strings.Contains(string(output), "SKIP") {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	directory := filepath.Join(t.TempDir(), "directory")
	must(t, os.Mkdir(directory, 0o700))
	must(t, unix.Mount("none", directory, "tmpfs", 0, ""))
	w, err := New(nil)
	must(t, err)
	defer func() { must(t, w.Close()) }()
	name := filepath.Join(directory, "file")
	write(t, name, "")
	p := add(t, w, name)
	must(t, unix.Unmount(directory, 0)) // a watch does not prevent it
	expect(t, w, p, Deleted, 0)
	write(t, name, "")
	expect(t, w, p, Created, 0)
}
