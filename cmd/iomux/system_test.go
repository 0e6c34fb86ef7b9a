//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/cmd/iomux/internal/session"
	"iomux/internal/test/network"
	"iomux/poll"
)

// start runs iomux until the test ends, and returns a reader of its output.
func start(t *testing.T, stdin *os.File, args ...string) (cmd *exec.Cmd, stdout, stderr *bufio.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), program(t), args...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	complaints, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewReader(out), bufio.NewReader(complaints)
}

// newPipe returns a pipe that is closed when the test ends.
func newPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		_ = w.Close()
	})
	return r, w
}

// needDescriptors skips a test if the limit of descriptors is too low.
func needDescriptors(t *testing.T, n uint64) {
	t.Helper()
	if limit := iomux.Poll.Limits().Descriptors; limit != 0 && limit < n {
		t.Skipf("the limit of descriptors is %d, the test needs %d", limit, n)
	}
}

func TestDescriptor5000ByEveryMechanism(t *testing.T) {
	const fd = 5000
	needDescriptors(t, fd+100)
	ready, w := newPipe(t)
	if _, err := w.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	for _, mechanism := range session.Mechanisms() {
		cmd := exec.CommandContext(t.Context(), program(t), "wait", "--timeout", "30", "--mechanism", mechanism, fmt.Sprintf("fd:%d", fd))
		cmd.ExtraFiles = make([]*os.File, fd-3+1)
		cmd.ExtraFiles[fd-3] = ready
		out, err := cmd.CombinedOutput()
		if want := fmt.Sprintf("fd:%d\treadable\n", fd); err != nil || string(out) != want {
			t.Errorf("%s: %q, %v, want %q", mechanism, out, err, want)
		}
	}
}

func TestTwoThousandSourcesOfWhichTheLastIsReady(t *testing.T) {
	const first, last = 3, 2002
	needDescriptors(t, last+100)
	idle, _ := newPipe(t)
	ready, w := newPipe(t)
	if _, err := w.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	for _, mechanism := range session.Mechanisms() {
		args := []string{"wait", "--timeout", "30", "--mechanism", mechanism}
		cmd := exec.CommandContext(t.Context(), program(t))
		for fd := first; fd <= last; fd++ {
			args = append(args, fmt.Sprintf("fd:%d", fd))
			cmd.ExtraFiles = append(cmd.ExtraFiles, idle)
		}
		cmd.ExtraFiles[last-first] = ready
		cmd.Args = append(cmd.Args, args...)
		out, err := cmd.CombinedOutput()
		if runtime.GOOS == "netbsd" && errors.Is(err, unix.EBADF) {
			t.Skip("kern.maxfiles allows too few descriptors:", err)
		}
		if want := fmt.Sprintf("fd:%d\treadable\n", last); err != nil || string(out) != want {
			t.Errorf("%s: %q, %v, want %q", mechanism, out, err, want)
		}
	}
}

// TestFlagsOfInheritedDescriptorsStay checks O_NONBLOCK, which iomux shares with the other users of
// the open file.
func TestFlagsOfInheritedDescriptorsStay(t *testing.T) {
	for _, nonblock := range []bool{false, true} {
		for _, args := range [][]string{{"wait", "stdin"}, {"wait", "--follow", "stdin", "--", "iomux", "--version"}} {
			var fds [2]int
			if err := unix.Pipe(fds[:]); err != nil {
				t.Fatal(err)
			}
			unix.CloseOnExec(fds[0])
			unix.CloseOnExec(fds[1])
			if _, err := unix.Write(fds[1], []byte("x")); err != nil {
				t.Fatal(err)
			}
			if err := unix.Close(fds[1]); err != nil {
				t.Fatal(err)
			}
			if err := unix.SetNonblock(fds[0], nonblock); err != nil {
				t.Fatal(err)
			}
			before := flagsOf(t, fds[0])
			runWithStdin(t, fds[0], args)
			if after := flagsOf(t, fds[0]); after != before {
				t.Errorf("%v, nonblocking %v: the flags were %#x, are %#x", args, nonblock, before, after)
			}
			_ = unix.Close(fds[0])
		}
	}
}

// TestDescriptorOfAPath gives iomux a descriptor that was opened with O_PATH.
func TestDescriptorOfAPath(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux and FreeBSD have O_PATH, and package unix has that of Linux")
	}
	const oPath = 0x200000
	path, err := os.OpenFile(t.TempDir(), oPath, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer path.Close()
	for _, mechanism := range session.Mechanisms() {
		cmd := exec.CommandContext(t.Context(), program(t), "wait", "--timeout", "30", "--mechanism", mechanism, "fd:3")
		cmd.ExtraFiles = []*os.File{path}
		out, err := cmd.CombinedOutput()
		if want := "iomux: fd:3: opened with O_PATH"; err == nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s: %q, %v, want %q", mechanism, out, err, want)
		}
	}
}

// runWithStdin starts iomux without package os/exec, which changes the flags itself.
func runWithStdin(t *testing.T, stdin int, args []string) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	files := []uintptr{uintptr(stdin), null.Fd(), 2}
	path := program(t)
	pid, err := syscall.ForkExec(path, append([]string{path}, args...), &syscall.ProcAttr{Env: os.Environ(), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	var status unix.WaitStatus
	_, err = unix.Wait4(pid, &status, 0, nil)
	for err == unix.EINTR {
		_, err = unix.Wait4(pid, &status, 0, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if status.ExitStatus() != 0 {
		t.Errorf("%v: exit status %d", args, status.ExitStatus())
	}
}

func flagsOf(t *testing.T, fd int) int {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags
}

// TestFollowingLeavesNothingOpen counts the descriptors of iomux before and after hundreds of
// connections, refused and accepted ones.
func TestFollowingLeavesNothingOpen(t *testing.T) {
	network.Need(t)
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("/proc/self/fd is missing: descriptors of another process cannot be counted")
	}
	for _, mechanism := range session.Mechanisms() {
		t.Run(mechanism, func(t *testing.T) {
			nobody := "unix://" + t.TempDir() + "/nobody"
			cmd, stdout, stderr := start(t, nil, "wait", "--follow", "--mechanism", mechanism, "--retry", "1ms", "tcp-listen://:0", nobody)
			address := strings.TrimPrefix(readLine(t, stderr), "listening on ")
			connect := func() {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				if line := readLine(t, stdout); !strings.HasSuffix(line, "\tpeer="+conn.LocalAddr().String()) {
					t.Errorf("%q, want the peer %v", line, conn.LocalAddr())
				}
				_ = conn.Close()
			}
			connect()
			before := countDescriptors(t, cmd.Process.Pid)
			for range 300 {
				connect()
			}
			// One more may be open, for the next attempt or the accepted connection.
			if after := countDescriptors(t, cmd.Process.Pid); after > before+2 {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		})
	}
}

func countDescriptors(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestTimeoutsAreNeverEarly(t *testing.T) {
	r, _ := newPipe(t)
	for _, mechanism := range session.Mechanisms() {
		const timeout = 120 * time.Millisecond
		began := time.Now()
		cmd, _, stderr := start(t, r, "wait", "--mechanism", mechanism, "--timeout", timeout.String(), "stdin")
		if line := readLine(t, stderr); line != "iomux: not ready after 120ms: stdin" {
			t.Errorf("%s: %q", mechanism, line)
		}
		err := cmd.Wait()
		if took := time.Since(began); took < timeout {
			t.Errorf("%s: gave up after %v", mechanism, took)
		}
		if ended, ok := err.(*exec.ExitError); !ok || ended.ExitCode() != 124 {
			t.Errorf("%s: %v, want exit status 124", mechanism, err)
		}
	}
}

// TestSignalsReachTheCommand sends iomux the signals that it passes on while CMD runs.
func TestSignalsReachTheCommand(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			number := strconv.Itoa(int(sig))
			cmd, out, _ := start(t, nil, "wait", "--follow", "timer:0.01", "--",
				program(t), "wait", "--all", "signal:"+number, "timer:0.01")
			if line := readLine(t, out); line != "timer:0.01\texpired" {
				t.Fatalf("CMD printed %q first", line)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if line := readLine(t, out); line != "signal:"+number+"\tcaught" {
				t.Errorf("CMD printed %q after the signal", line)
			}
			_ = cmd.Wait() // its status is compared
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if status.Signal() != sig && status.ExitStatus() != 128+int(sig) {
				t.Errorf("iomux ended with %v", cmd.ProcessState)
			}
		})
	}
}

// TestOutputMadeNonBlocking makes stdout non-blocking while iomux is writing, and reads slowly.
func TestOutputMadeNonBlocking(t *testing.T) {
	const lines = 1200 // more would be too many arguments for DragonFly
	file := t.TempDir() + "/" + strings.Repeat("x", 100)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w := newPipe(t)
	cmd := exec.CommandContext(t.Context(), program(t), append([]string{"wait", "--all"}, slices.Repeat([]string{file}, lines)...)...)
	var complaints strings.Builder
	cmd.Stdout, cmd.Stderr = w, &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	full := []poll.FD{{FD: int32(w.Fd()), Events: poll.Out}}
	for n := 1; n > 0; time.Sleep(10 * time.Millisecond) {
		var err error
		if n, err = poll.Wait(full, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.SetNonblock(int(w.Fd()), true); err != nil {
		t.Fatal(err)
	}
	_ = w.Close() // iomux has it
	some := make([]byte, 64<<10)
	n, err := io.ReadFull(r, some)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, complaints.String())
	}
	if got := bytes.Count(append(some[:n], rest...), []byte("\n")); got != lines {
		t.Errorf("%d lines arrived of %d", got, lines)
	}
}
