//go:build unix

package iomux_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

func TestSignal(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		r, err := p.RegisterSignal(syscall.SIGUSR2, 3)
		must(t, err)
		for range 3 {
			must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2))
			if event := next(t, p, iomux.KindSignal, 3); event.Signal() != syscall.SIGUSR2 {
				t.Errorf("status is %d", event.Status)
			}
		}
		// A signal also ends a wait in progress.
		time.AfterFunc(quiet, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGUSR2) })
		next(t, p, iomux.KindSignal, 3)
		second := poller(t, nil)
		_, err = second.RegisterSignal(syscall.SIGUSR2, 4)
		must(t, err)
		must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2))
		next(t, p, iomux.KindSignal, 3)
		next(t, second, iomux.KindSignal, 4)
		must(t, r.Unregister())
		must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2)) // the second one still gets it
		next(t, second, iomux.KindSignal, 4)
		expectNothing(t, p)
	})
}

// systemSources returns functions that register the sources that only Unix systems have.
func systemSources(p *iomux.Poller[int]) []func() (*iomux.Registration[int], error) {
	return []func() (*iomux.Registration[int], error){
		func() (*iomux.Registration[int], error) { return p.RegisterSignal(syscall.SIGUSR2, 4) },
		func() (*iomux.Registration[int], error) {
			return p.RegisterProcessByPolling(5, func() (int, bool, bool) { return 0, false, false })
		},
	}
}

func TestSignalsThatCannotBeCaught(t *testing.T) {
	p := poller(t, nil)
	for sig, want := range map[os.Signal]string{
		nil:                "<nil> is not a syscall.Signal",
		foreign{}:          "foreign is not a syscall.Signal",
		os.Kill:            "signal 9 cannot be caught",
		syscall.SIGSTOP:    fmt.Sprintf("signal %d cannot be caught", syscall.SIGSTOP),
		syscall.Signal(0):  "signal 0 cannot be caught",
		syscall.Signal(-1): "signal -1 cannot be caught",
		syscall.Signal(65): "signal 65 cannot be caught",
	} {
		_, err := p.RegisterSignal(sig, 0)
		isErr(t, err, syscall.EINVAL)
		if err != nil && !strings.HasPrefix(err.Error(), "iomux: register signal: "+want+": ") {
			t.Errorf("RegisterSignal of %v: %v, want %q", sig, err, want)
		}
	}
}

// foreign is a signal of another kind.
type foreign struct{}

func (foreign) Signal()        {}
func (foreign) String() string { return "foreign" }

// endName is the name of an environment variable that makes this program a child of its tests. The
// child exits with that status, or is killed by that signal if it is negative.
const endName = "IOMUX_TEST_END"

func TestChild(*testing.T) {
	end, err := strconv.Atoi(os.Getenv(endName))
	if err != nil {
		return // this process runs the tests
	}
	time.Sleep(50 * time.Millisecond)
	if end < 0 {
		_ = syscall.Kill(os.Getpid(), syscall.Signal(-end))
		select {}
	}
	os.Exit(end)
}

// start starts a child that exits soon.
func start(t *testing.T, end int) *exec.Cmd {
	t.Helper()
	child := suite.Itself(t.Context(), "-test.run=^TestChild$")
	child.Env = append(os.Environ(), endName+"="+strconv.Itoa(end))
	// A lone binary may have no /dev/null.
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stderr, os.Stderr
	must(t, child.Start())
	return child
}

func TestProcess(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for _, status := range []int{0, 42, -int(syscall.SIGKILL)} {
			cmd := start(t, status)
			r, err := p.RegisterProcess(cmd.Process, 5)
			must(t, err)
			event := next(t, p, iomux.KindProcess, 5)
			if got, known := event.ExitStatus(); got != status || !known || event.Registration != r {
				t.Errorf("status is %d, %v, want %d", got, known, status)
			}
			expectNothing(t, p)
			if p.Len() != 0 {
				t.Errorf("Len is %d after the exit", p.Len())
			}
			isErr(t, r.Unregister(), syscall.ENOENT)
			_ = cmd.Wait() // its error is the status; it must not be ECHILD
			if cmd.ProcessState == nil {
				t.Error("the process was reaped")
			}
			_, err = p.RegisterProcess(cmd.Process, 5)
			isErr(t, err, os.ErrProcessDone)
		}
		_, err := p.RegisterProcess(nil, 0)
		isErr(t, err, syscall.EINVAL)
	})
}

// After Unregister or Close, only the parent gets the exit.
func TestProcessIsLeftToItsParent(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		first, second := start(t, 3), start(t, 3)
		r, err := p.RegisterProcess(first.Process, 5)
		must(t, err)
		_, err = p.RegisterProcess(second.Process, 5)
		must(t, err)
		must(t, r.Unregister())
		must(t, p.Close())
		for _, cmd := range []*exec.Cmd{first, second} {
			failed := new(exec.ExitError)
			if err := cmd.Wait(); !errors.As(err, &failed) || failed.ExitCode() != 3 {
				t.Errorf("waiting for the child: %v", err)
			}
		}
	})
}

// A goroutine reports the exit of a process without a descriptor.
func TestProcessByPolling(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		calls := 0
		r, err := p.RegisterProcessByPolling(5, func() (int, bool, bool) { calls++; return 42, true, calls == 5 })
		must(t, err)
		event := next(t, p, iomux.KindProcess, 5)
		if got, known := event.ExitStatus(); got != 42 || !known || calls != 5 {
			t.Errorf("status is %d, %v after %d calls", got, known, calls)
		}
		isErr(t, r.Unregister(), syscall.ENOENT)
		r, err = p.RegisterProcessByPolling(5, func() (int, bool, bool) { return 0, false, true })
		must(t, err)
		time.Sleep(quiet)
		must(t, r.Unregister())
		expectNothing(t, p)
		_, err = p.RegisterProcessByPolling(6, func() (int, bool, bool) { return 0, false, true })
		must(t, err)
		if status, known := next(t, p, iomux.KindProcess, 6).ExitStatus(); status != 0 || known {
			t.Errorf("status is %d, %v, want it unknown", status, known)
		}
		if p.Len() != 0 {
			t.Errorf("Len is %d", p.Len())
		}
	})
}

// If a loop breaks before the exit of a process, a later wait reports it.
func TestExitIsReportedAfterALoopThatBreaks(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		exited := func() (int, bool, bool) { return 1, true, true }
		for key := range 2 {
			_, err := p.RegisterProcessByPolling(key, exited)
			must(t, err)
		}
		time.Sleep(quiet)
		first := -1
		for event, err := range p.Events(t.Context()) {
			must(t, err)
			first = event.Key
			break
		}
		next(t, p, iomux.KindProcess, 1-first)
		expectNothing(t, p)
	})
}

// One loop gets events of all kinds.
func TestMixture(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		_, err := p.Register(fd, iomux.Readable|iomux.OneShot, 0)
		must(t, err)
		_, err = p.RegisterTicker(time.Millisecond, 1)
		must(t, err)
		_, err = p.RegisterSignal(syscall.SIGUSR1, 2)
		must(t, err)
		cmd := start(t, 3)
		_, err = p.RegisterProcess(cmd.Process, 3)
		must(t, err)
		suite.Write(t, w)
		must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
		kinds := []iomux.Kind{iomux.KindIO, iomux.KindTimer, iomux.KindSignal, iomux.KindProcess}
		seen := make(map[int]bool)
		for len(seen) < len(kinds) {
			var events [2]iomux.Event[int]
			n, err := p.WaitTimeout(events[:], soon)
			must(t, err)
			for _, event := range events[:n] {
				seen[event.Key] = true
				if event.Kind != kinds[event.Key] {
					t.Errorf("event is %+v", event)
				}
			}
		}
		_ = cmd.Wait() // the error is the status
	})
}

func TestNames(t *testing.T) {
	for text, value := range map[string]interface{ String() string }{
		"Readable|Edge": iomux.Readable | iomux.Edge, "0": iomux.Interest(0), "Writable|0x100": iomux.Writable | 0x100,
		"io": iomux.KindIO, "timer": iomux.KindTimer, "signal": iomux.KindSignal, "process": iomux.KindProcess, "path": iomux.KindPath, "Modified|Created": iomux.Modified | iomux.Created, "Kind(9)": iomux.Kind(9),
	} {
		if value.String() != text {
			t.Errorf("%#v prints as %q, want %q", value, value, text)
		}
	}
}

// A signal has its default effect again as soon as Unregister or Close has returned. SIGTERM ends
// the child then.
func TestEndOfARegistrationRestoresTheDefaultEffect(t *testing.T) {
	part := suite.Part()
	if part == "" {
		for _, part := range []string{"Unregister", "Close"} {
			output, err := suite.Child(t, part)
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
				t.Errorf("after %s the child ended with %v, want SIGTERM\n%s", part, err, output)
			}
		}
		return
	}
	p := poller(t, nil)
	r, err := p.RegisterSignal(syscall.SIGTERM, 0)
	must(t, err)
	if part == "Close" {
		err = p.Close()
	} else {
		err = r.Unregister()
	}
	must(t, err)
	must(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	time.Sleep(soon / 2)
	t.Error("the signal had no effect")
}
