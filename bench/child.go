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

// measurement is what n operations took, by metric.
type measurement map[string]float64

// child is a process that measures when it is asked to.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	pipe    *os.File // what out reads from
	failure *strings.Builder
}

// patience is how long a child may take for anything.
const patience = 90 * time.Second

// start starts a process that uses only one processor, -1 for any, and reads the first line that it prints, which has to begin so.
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
		err = fmt.Errorf("it says %q", line)
	}
	if err != nil {
		return nil, "", errors.Join(err, c.close())
	}
	return c, strings.TrimPrefix(line, greeting), nil
}

// startOn starts a process from a thread that may use only one processor, for it inherits that.
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

// processors are the first and the last that this process may use.
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

// ask has n operations made, and tells what they took.
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

// close ends the process, and returns what it had to complain of.
func (c *child) close() error {
	_ = c.in.Close()
	_ = c.command.Process.Kill()
	_ = c.command.Wait()
	if complaint := strings.TrimSpace(c.failure.String()); complaint != "" {
		return errors.New(complaint[strings.LastIndex(complaint, "\n")+1:])
	}
	return nil
}

// processorTime is what a process and its threads have used, by its clock.
func (c *child) processorTime() (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED
	var used unix.Timespec
	err := unix.ClockGettime(int32(^c.command.Process.Pid<<3|scheduler), &used)
	return time.Duration(used.Nano()), err
}

// resident is the memory of a process, in bytes.
func (c *child) resident() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	var all, pages int
	_, err = fmt.Sscan(string(text), &all, &pages)
	return float64(pages * os.Getpagesize()), err
}
