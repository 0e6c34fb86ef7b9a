package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// result describes how a step ended.
type result struct {
	step string
	took time.Duration
	left string // why the step was left out; empty if it ran
	err  error
}

// run holds the state of one run of all steps.
type run struct {
	waiting []string
	start   time.Time

	mu      sync.Mutex
	running []string
	results []result
}

func newRun(steps []string) *run { return &run{waiting: steps, start: time.Now()} }

// all starts the steps in order, and prints the running ones every 30 seconds. It runs one step
// more at once than there are processors, because many steps mostly sleep.
func (r *run) all(ctx context.Context) {
	defer temporary()()
	ticker := time.NewTicker(30 * time.Second)
	defer ticker.Stop()
	go func() {
		for range ticker.C {
			r.mu.Lock()
			r.print("running: " + strings.Join(r.running, ", "))
			r.mu.Unlock()
		}
	}()
	var workers sync.WaitGroup
	for range runtime.NumCPU() + 1 {
		workers.Go(func() {
			for step := r.next(); step != ""; step = r.next() {
				r.step(ctx, step)
			}
		})
	}
	workers.Wait()
}

// temporary makes a temporary folder for the steps, because interrupted programs leave files. The
// returned function removes it. Without room for a folder, the steps fail themselves.
func temporary() (remove func()) {
	folder, err := os.MkdirTemp("", "iomux-check")
	if err != nil {
		return func() {}
	}
	before := os.Getenv("TMPDIR")
	_ = os.Chmod(folder, 0o755) // for tests that become another user
	_ = os.Setenv("TMPDIR", folder)
	return func() {
		_ = os.Setenv("TMPDIR", before)
		_ = os.RemoveAll(folder)
	}
}

func (r *run) next() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return ""
	}
	step := r.waiting[0]
	r.waiting = r.waiting[1:]
	r.running = append(r.running, step)
	return step
}

// print prints a line with the seconds so far. The caller holds the mutex.
func (r *run) print(text string) {
	fmt.Printf("check: [%3.0f s] %s\n", time.Since(r.start).Seconds(), text)
}

// step runs one step, or leaves it out, and prints its output if it fails.
func (r *run) step(ctx context.Context, step string) {
	start := time.Now()
	one := result{step: step, left: probe(ctx, step)}
	var output []byte
	switch {
	case ctx.Err() != nil: // an interrupted probe fails on every machine
		one.left, one.err = "", errInterrupted
	case one.left == "":
		r.mu.Lock()
		r.print("started " + step)
		r.mu.Unlock()
		output, one.err = command(ctx, "make", "--no-print-directory", step)
	}
	one.took = time.Since(start)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = slices.DeleteFunc(r.running, func(other string) bool { return other == step })
	r.results = append(r.results, one)
	switch {
	case one.left != "":
		r.print("left out " + step + ": " + one.left)
		if other := instead[step]; other != "" {
			r.waiting = append(r.waiting, other)
		}
	case one.err != nil:
		_, _ = os.Stdout.Write(output)
		r.print(fmt.Sprintf("FAILED %s: %v", step, one.err))
	default:
		r.print(fmt.Sprintf("passed %s, %d steps to go", step, len(r.waiting)+len(r.running)))
	}
}

var errInterrupted = errors.New("interrupted")

// command runs a program in its own process group. If ctx is done, the group gets SIGTERM, and the
// program has 20 s to end. No process of the group is left after that, or after this process was
// killed.
func command(ctx context.Context, name string, args ...string) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer guard(cmd.Process.Pid)()
	err := cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails if nothing is left
	return output.Bytes(), err
}

// guard starts a shell that ends a process group if this process is killed: its input ends then.
// The returned function ends the shell.
func guard(group int) (end func()) {
	const script = `read -r _; kill -- "-$1"; sleep 3; kill -KILL -- "-$1"`
	shell := exec.Command("sh", "-c", script, "guard", strconv.Itoa(group))
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must not end the shell
	input, err := shell.StdinPipe()
	if err != nil || shell.Start() != nil {
		return func() {}
	}
	return func() {
		_ = shell.Process.Kill()
		_ = shell.Wait() // it was killed
		_ = input.Close()
	}
}
