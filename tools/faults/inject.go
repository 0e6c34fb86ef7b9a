//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patience limits the time of a scenario. A scenario that hangs ends itself earlier.
const patience = 40 * time.Second

// inject runs the scenario of an object with the fault f, and reports whether f occurred. It
// injects no fault if f is nil. It returns an error if the scenario fails.
func inject(ctx context.Context, name string, f *fault) (occurred bool, err error) {
	trace, err := traced(ctx, name, f)
	return bytes.Contains(trace, []byte("(INJECTED)")), err
}

// occurrences returns the greatest number of times that one thread makes each call. strace counts
// the occurrences of a fault for each thread.
func occurrences(name string) (counts map[string]int, err error) {
	trace, err := traced(context.Background(), name, nil)
	if err != nil {
		return nil, err
	}
	perThread := make(map[string]int)
	line := regexp.MustCompile(`(?m)^(\d+) +(\w+)\(`)
	for _, match := range line.FindAllSubmatch(trace, -1) {
		perThread[string(match[1])+" "+string(match[2])]++
	}
	counts = make(map[string]int)
	for key, n := range perThread {
		_, call, _ := strings.Cut(key, " ")
		if _, optional := pageErrnos["?"+call]; optional {
			call = "?" + call // some processors lack it, and strace accepts it there
		}
		counts[call] = max(counts[call], n)
	}
	return counts, nil
}

// traced runs the scenario of an object under strace and returns the trace. strace starts when the
// process is ready, so that no fault affects the start of the process.
func traced(ctx context.Context, name string, f *fault) (trace []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	folder, err := os.MkdirTemp("", "faults")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	scenario := exec.CommandContext(ctx, program, "-scenario", name)
	scenario.Dir = folder
	var output bytes.Buffer
	scenario.Stderr = &output
	begin, err := scenario.StdinPipe()
	if err != nil {
		return nil, err
	}
	ready, err := scenario.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := scenario.Start(); err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "trace")
	err = attach(ctx, ready, scenario.Process.Pid, file, f)
	_ = begin.Close() // the scenario begins now
	if errScenario := scenario.Wait(); errScenario != nil {
		err = errors.Join(err, fmt.Errorf("%w\n%s", errScenario, head(output.String())))
	}
	return readTrace(file), err
}

// readTrace returns the trace in a file. strace writes its end a moment after the scenario has
// ended.
func readTrace(file string) (trace []byte) {
	for range 100 {
		if trace, _ = os.ReadFile(file); bytes.Contains(trace, []byte("+++ exited")) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return trace
}

// attach attaches strace to the process when the process is ready. strace ends with the process.
func attach(ctx context.Context, ready io.Reader, pid int, file string, f *fault) error {
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		return err
	}
	args := []string{"-f", "-o", file, "-p", strconv.Itoa(pid), "-e", "trace=" + calls(f)}
	if f != nil {
		args = append(args, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", f.call, f.errno, f.occurrence))
	}
	tracer := exec.CommandContext(ctx, "strace", args...)
	messages, err := tracer.StderrPipe()
	if err != nil {
		return err
	}
	if err := tracer.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(messages).ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, messages)
		_ = tracer.Wait() // it ends with the process
	}()
	if err != nil || !strings.Contains(line, "attached") {
		return fmt.Errorf("strace: %s, %w", line, err)
	}
	return nil
}

// calls returns strace's list of the calls to trace.
func calls(f *fault) string {
	if f != nil {
		return f.call
	}
	var names []string
	for call := range pageErrnos {
		names = append(names, call)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// head returns the first 30 lines of a text.
func head(text string) string {
	lines := strings.SplitAfterN(text, "\n", 31)
	return strings.Join(lines[:min(len(lines), 30)], "")
}
