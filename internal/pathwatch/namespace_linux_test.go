package pathwatch

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"iomux/internal/test/suite"
)

// namespaceName is the name of an environment variable. Its value is the role of a child.
const namespaceName = "IOMUX_PATHWATCH_NAMESPACE"

// inNamespaces runs the test in a child with new namespaces, and reports whether this is the child.
// It skips the test if the system does not allow them.
func inNamespaces(t *testing.T, flags uintptr) bool {
	t.Helper()
	switch os.Getenv(namespaceName) {
	case "test":
		return true
	case "probe":
		_, _ = io.Copy(io.Discard, os.Stdin) // until its parent has mapped the user
		return false
	}
	if err := probe(t, flags); err != nil {
		t.Skip("no namespaces:", err)
	}
	child := suite.Itself(t.Context(), "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), namespaceName+"=test")
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  flags,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	output, err := child.CombinedOutput()
	if err != nil || strings.Contains(string(output), "SKIP") {
		t.Errorf("%v\n%s", err, output)
	}
	return false
}

// probe returns why a child cannot have the namespaces. It maps the user itself, because package
// syscall leaks a pipe if that fails. A process without capabilities may create a namespace and not
// map its users, for example.
func probe(t *testing.T, flags uintptr) error {
	child := suite.Itself(t.Context(), "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), namespaceName+"=probe")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	stdin, err := child.StdinPipe()
	must(t, err)
	if err := child.Start(); err != nil {
		return err
	}
	mapping := fmt.Sprintf("0 %d 1", os.Getuid())
	err = os.WriteFile(fmt.Sprintf("/proc/%d/uid_map", child.Process.Pid), []byte(mapping), 0)
	must(t, stdin.Close())
	must(t, child.Wait())
	return err
}
