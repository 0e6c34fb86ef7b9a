//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// measurement holds the costs of n operations, by metric.
type measurement map[string]float64

// child is a process that measures on request.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	pipe    *os.File // out reads from it
	failure *strings.Builder
}

// patience is the longest time that a child may take to reply.
const patience = 90 * time.Second

// start starts a process on one processor, or on any if processor is -1. It reads the first line of
// the output, which must begin with greeting, and returns the rest of the line.
func start(command *exec.Cmd, processor int, greeting string) (*child, string, error) {
	c := &child{command: command, failure: new(strings.Builder)}
	command.Stderr = c.failure
	var err error
	if c.in, err = command.StdinPipe(); err != nil {
		return nil, "", err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	c.pipe = out.(*os.File)
	c.out = bufio.NewReader(out)
	if err := startOn(command, processor); err != nil {
		return nil, "", err
	}
	line, err := c.line()
	if err == nil && !strings.HasPrefix(line, greeting) {
		err = fmt.Errorf("it printed %q, want %q", line, greeting)
	}
	if err != nil {
		return nil, "", errors.Join(err, c.close())
	}
	return c, strings.TrimPrefix(line, greeting), nil
}

// startOn starts a process from a thread that is bound to one processor, because the process
// inherits the binding.
func startOn(command *exec.Cmd, processor int) error {
	if processor < 0 {
		return command.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	one.Set(processor)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	defer func() { _ = unix.SchedSetaffinity(0, &all) }()
	return command.Start()
}

// processors returns the first and the last processor that this process may use.
func processors() (first, last int) {
	var all unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil {
		return -1, -1
	}
	first = -1
	for i := range len(all) * 64 {
		if all.IsSet(i) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	return first, last
}

func (c *child) line() (string, error) {
	if err := c.pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	line, err := c.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// ask lets the child make n operations, and returns their costs.
func (c *child) ask(n int) (measurement, error) {
	if _, err := fmt.Fprintln(c.in, n); err != nil {
		return nil, err
	}
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	var took measurement
	err = json.Unmarshal([]byte(line), &took)
	return took, err
}

// close ends the process, and returns the last line of its standard error as an error.
func (c *child) close() error {
	_ = c.in.Close()
	_ = c.command.Process.Kill()
	_ = c.command.Wait()
	if complaint := strings.TrimSpace(c.failure.String()); complaint != "" {
		return errors.New(complaint[strings.LastIndex(complaint, "\n")+1:])
	}
	return nil
}

// processorTime returns the processor time of the process, from its own clock.
func (c *child) processorTime() (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED
	var used unix.Timespec
	err := unix.ClockGettime(int32(^c.command.Process.Pid<<3|scheduler), &used)
	return time.Duration(used.Nano()), err
}

// resident returns the resident memory of the process, in bytes.
func (c *child) resident() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	var all, pages int
	_, err = fmt.Sscan(string(text), &all, &pages)
	return float64(pages * os.Getpagesize()), err
}
