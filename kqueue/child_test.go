package kqueue_test

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// childTask is the variable of the environment by which a test binary is told to be the child of a test: it waits for the
// end of its standard input, and then exits with the number that is the variable's value.
const childTask = "IOMUX_KQUEUE_CHILD"

func beChild(task string) {
	status, err := strconv.Atoi(task)
	if err != nil {
		os.Exit(99)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
	os.Exit(status)
}

// child is a process that waits to be let go.
type child struct {
	command *exec.Cmd
	letGo   io.Closer
	waited  bool
}

// startChild starts this test binary again, by the emulator that it is told of, if any.
func startChild(t testing.TB, status int) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Skip("this system does not tell the path of the test binary:", err)
	}
	command := exec.Command(self)
	if emulator := os.Getenv("IOMUX_TEST_EXEC"); emulator != "" {
		command = exec.Command(emulator, self)
	}
	command.Env = append(os.Environ(), childTask+"="+strconv.Itoa(status))
	stdin, err := command.StdinPipe()
	must(t, err)
	must(t, command.Start())
	c := &child{command: command, letGo: stdin}
	t.Cleanup(func() {
		_ = stdin.Close() // the test may have closed it
		c.wait()
	})
	return c
}

func (c *child) pid() uint64 { return uint64(c.command.Process.Pid) }

// exit lets the child go.
func (c *child) exit(t testing.TB) {
	t.Helper()
	must(t, c.letGo.Close())
}

// wait waits for the child as its parent does; how it ended is the test's business.
func (c *child) wait() {
	if !c.waited {
		c.waited = true
		_ = c.command.Wait()
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
