//go:build (unix && !aix) || windows

package procwatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

// roleName is the name of an environment variable that makes this program a child of its tests.
const roleName = "IOMUX_PROCWATCH_ROLE"

func TestMain(m *testing.M) {
	role := os.Getenv(roleName)
	status, err := strconv.Atoi(role)
	switch {
	case role == "":
		leak.Main(m)
	case role == "parent":
		child := command("wait")
		child.Stdout = os.Stderr
		stdin, _ := child.StdinPipe()
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = stdin.Close()
		_ = child.Wait()
	case err == nil:
		os.Exit(status)
	default: // wait until it is killed, or its standard input is closed
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}
}

// command returns a command that runs this program in a role: wait, parent, or a number with which
// it exits at once.
func command(role string) *exec.Cmd {
	child := suite.Itself(context.Background())
	child.Env = append(os.Environ(), roleName+"="+role)
	child.Stderr = os.Stderr // a lone binary may have no /dev/null
	return child
}

type watcher = func(*os.Process, func()) (*Exit, error)

// onEach runs a test with each way to watch a process.
func onEach(t *testing.T, test func(t *testing.T, watch watcher)) {
	for name, watch := range watchers {
		t.Run(name, func(t *testing.T) { test(t, watch) })
	}
}

func start(t *testing.T, role string) (child *exec.Cmd, stdin io.WriteCloser) {
	t.Helper()
	child = command(role)
	child.Stdout = os.Stderr
	stdin, err := child.StdinPipe()
	must(t, err)
	must(t, child.Start())
	t.Cleanup(func() { _, _ = child.Process.Kill(), stdin.Close() })
	return child, stdin
}

var must = suite.Must

const soon = 20 * time.Second

// await waits until the process has exited.
func await(t *testing.T, exit *Exit, notified <-chan struct{}) {
	t.Helper()
	if exit.FD() < 0 {
		select {
		case <-notified:
		case <-time.After(soon):
			t.Fatal("the exit was not reported")
		}
		return
	}
	if !isReadable(t, exit.FD(), soon) {
		t.Fatal("the descriptor did not become readable")
	}
}

func TestExitIsReportedAndChildIsNotReaped(t *testing.T) {
	onEach(t, func(t *testing.T, watch watcher) {
		for _, line := range []struct {
			role        string
			end         func(*exec.Cmd, io.Closer)
			status      int
			beforeWatch bool
		}{
			{role: "0"},
			{role: "42", status: 42},
			{role: "7", status: 7, beforeWatch: true},
			{role: "wait", status: 3, end: func(_ *exec.Cmd, stdin io.Closer) { _ = stdin.Close() }},
			{role: "wait", status: killed, end: func(child *exec.Cmd, _ io.Closer) { _ = child.Process.Kill() }},
		} {
			child, stdin := start(t, line.role)
			if line.beforeWatch {
				time.Sleep(200 * time.Millisecond)
			}
			notified := make(chan struct{}, 2)
			exit, err := watch(child.Process, func() { notified <- struct{}{} })
			must(t, err)
			if line.end != nil {
				time.Sleep(20 * time.Millisecond)
				line.end(child, stdin)
			}
			await(t, exit, notified)
			status, known := exit.Status()
			if !known && line.beforeWatch && runtime.GOOS == "openbsd" {
				status, known = line.status, true
			}
			if status != line.status || !known {
				t.Errorf("%s: status is %d, %v, want %d", line.role, status, known, line.status)
			}
			must(t, exit.Close())
			waited := new(exec.ExitError)
			if err := child.Wait(); err != nil && !errors.As(err, &waited) || child.ProcessState == nil {
				t.Errorf("%s: waiting for the child: %v", line.role, err)
			}
			if _, err := watch(child.Process, nil); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("error is %v", err)
			}
		}
	})
}

func TestCloseLeavesChildToItsParent(t *testing.T) {
	onEach(t, func(t *testing.T, watch watcher) {
		child, stdin := start(t, "wait")
		exit, err := watch(child.Process, func() { t.Error("notified after Close") })
		must(t, err)
		time.Sleep(20 * time.Millisecond)
		must(t, exit.Close())
		must(t, stdin.Close())
		time.Sleep(50 * time.Millisecond)
		failed := new(exec.ExitError)
		if err := child.Wait(); !errors.As(err, &failed) || failed.ExitCode() != 3 {
			t.Errorf("waiting for the child: %v, want status 3", err)
		}
	})
}

func TestExitOfOthers(t *testing.T) {
	onEach(t, func(t *testing.T, watch watcher) {
		parent := command("parent")
		stdin, err := parent.StdinPipe()
		must(t, err)
		stdout, err := parent.StdoutPipe()
		must(t, err)
		must(t, parent.Start())
		line := make([]byte, 32)
		n, err := stdout.Read(line)
		must(t, err)
		pid, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
		must(t, err)
		process, err := os.FindProcess(pid)
		must(t, err)
		notified := make(chan struct{}, 2)
		exit, err := watch(process, func() { notified <- struct{}{} })
		must(t, err)
		must(t, stdin.Close())
		await(t, exit, notified)
		if status, known := exit.Status(); known && status != 3 {
			t.Errorf("status is %d", status)
		}
		must(t, exit.Close())
		must(t, parent.Wait())
		_ = process.Release()
	})
}

func TestProcessesThatDoNotExist(t *testing.T) {
	released, err := os.FindProcess(os.Getpid())
	must(t, err)
	must(t, released.Release())
	whenReleased := error(syscall.EINVAL)
	if runtime.GOOS == "windows" { // where waiting for a process releases it
		whenReleased = os.ErrProcessDone
	}
	for process, want := range map[*os.Process]error{
		nil: syscall.EINVAL, new(os.Process): syscall.EINVAL, released: whenReleased,
		{Pid: -2}: syscall.EINVAL, {Pid: math.MaxInt32}: os.ErrProcessDone,
	} {
		if _, err := Watch(process, nil); !errors.Is(err, want) {
			t.Errorf("error is %v, want %v", err, want)
		}
	}
	if strconv.IntSize == 64 {
		large := os.Getpid()
		large |= math.MinInt32 << 1 & math.MaxInt // as large as this, if truncated
		if _, err := Watch(&os.Process{Pid: large}, nil); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("error is %v", err)
		}
	}
}
