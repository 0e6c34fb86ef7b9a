//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// childTask is the name of an environment variable that makes this binary the child of a test. The
// child waits for the end of its standard input, and exits with the variable's value.
const childTask = "IOMUX_KQUEUE_CHILD"

// emulator is the environment variable with the path of the emulator of this binary, if there is
// one.
const emulator = "IOMUX_TEST_EXEC"

// parentOf, added to a status, makes a child that has a child of its own, which exits with that
// status. The child writes the number of its own child. With forksLater it waits for a byte first.
const (
	parentOf   = 1000
	forksLater = 1000
)

func beChild(task string) {
	status, err := strconv.Atoi(task)
	if err != nil {
		os.Exit(99)
	}
	if status < parentOf {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error also ends it
		os.Exit(status)
	}
	if status >= parentOf+forksLater {
		_, _ = os.Stdin.Read(make([]byte, 1)) // the end of the test also ends it
		status -= forksLater
	}
	command, err := again(status - parentOf)
	if err != nil {
		os.Exit(98)
	}
	stdin, err := command.StdinPipe()
	if err != nil || command.Start() != nil {
		os.Exit(97)
	}
	fmt.Println(command.Process.Pid)
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = stdin.Close()
	_ = command.Wait() // the test gets the status in another way
	os.Exit(0)
}

// again returns the command that starts this test binary as a child.
func again(status int) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self)
	if with := os.Getenv(emulator); with != "" {
		command = exec.Command(with, self)
	}
	command.Env = append(os.Environ(), childTask+"="+strconv.Itoa(status))
	return command, nil
}

// child is a process that runs until exit is called.
type child struct {
	command *exec.Cmd
	letGo   io.WriteCloser
	output  io.Reader
	waited  bool
}

// startChild starts this test binary again. It skips the test if the system cannot watch processes.
func startChild(t testing.TB, status int) *child {
	t.Helper()
	command, err := again(status)
	if err != nil {
		t.Skip("this system does not know the path of the test binary:", err)
	}
	stdin, err := command.StdinPipe()
	must(t, err)
	stdout, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	c := &child{command: command, letGo: stdin, output: stdout}
	t.Cleanup(func() {
		_ = stdin.Close() // the test may have closed it
		c.wait()
	})
	needs(t, watchExit(c.pid()))
	return c
}

func (c *child) pid() uint64 { return uint64(c.command.Process.Pid) }

// exit makes the child exit.
func (c *child) exit(t testing.TB) {
	t.Helper()
	must(t, c.letGo.Close())
}

// ownChild returns the number of the child's own child.
func (c *child) ownChild(t testing.TB) (pid uint64) {
	t.Helper()
	line, err := bufio.NewReader(c.output).ReadString('\n')
	must(t, err)
	if _, err := fmt.Sscan(line, &pid); err != nil {
		t.Fatal(line, err)
	}
	return pid
}

// wait reaps the child.
func (c *child) wait() {
	if !c.waited {
		c.waited = true
		_ = c.command.Wait()
	}
}
