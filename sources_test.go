//go:build unix

package iomux_test

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

type (
	registerTimer   = func(time.Duration, int) (*iomux.Registration[int], error)
	registerProcess = func(*os.Process, int) (*iomux.Registration[int], error)
)

// next waits for one event of that kind.
func next(t *testing.T, p *iomux.Poller[int], kind iomux.Kind, key int) iomux.Event[int] {
	t.Helper()
	var events [4]iomux.Event[int]
	n, err := p.WaitTimeout(events[:], soon)
	if err != nil || n != 1 || events[0].Kind != kind || events[0].Key != key || events[0].Ready != 0 {
		t.Fatalf("events are %+v, %v, want one of kind %v with key %d", events[:n], err, kind, key)
	}
	return events[0]
}

func TestTimer(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		t.Parallel()
		for name, register := range map[string]registerTimer{
			"native": p.RegisterTimer, "goroutine": p.RegisterTimerByGoroutine,
		} {
			t.Run(name, func(t *testing.T) {
				const period = 5 * time.Millisecond
				start := time.Now()
				r, err := register(period, 7)
				must(t, err)
				expired := 0
				for range 5 {
					event := next(t, p, iomux.KindTimer, 7)
					expired += event.Status
					if took := time.Since(start); event.Status < 1 || took < time.Duration(expired)*period {
						t.Errorf("%d expirations of %v after %v", expired, period, took)
					}
				}
				time.Sleep(10 * period)    // expirations that nobody waits for add up
				for late := 0; late < 9; { // at once, or as soon as a busy machine gets to count them
					late += next(t, p, iomux.KindTimer, 7).Status
				}
				isErr(t, r.Modify(iomux.Readable), errors.ErrUnsupported)
				must(t, r.Unregister())
				expectNothing(t, p)
			})
		}
	})
}

func TestTimerEndsWithThePoller(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for _, register := range []registerTimer{p.RegisterTimer, p.RegisterTimerByGoroutine} {
			_, err := register(time.Millisecond, 0)
			must(t, err)
		}
		must(t, p.Close())
	})
}

func TestTimerErrors(t *testing.T) {
	p := poller(t, nil)
	for _, d := range []time.Duration{0, -1} {
		_, err := p.RegisterTimer(d, 0)
		isErr(t, err, syscall.EINVAL)
	}
}

func TestSignal(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		r, err := p.RegisterSignal(syscall.SIGUSR2, 3)
		must(t, err)
		for range 3 {
			must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2))
			if event := next(t, p, iomux.KindSignal, 3); event.Status != int(syscall.SIGUSR2) {
				t.Errorf("status is %d", event.Status)
			}
		}
		// A wait that is under way ends, too.
		time.AfterFunc(quiet, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGUSR2) })
		next(t, p, iomux.KindSignal, 3)
		second := poller(t, nil)
		_, err = second.RegisterSignal(syscall.SIGUSR2, 4)
		must(t, err)
		must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2))
		next(t, p, iomux.KindSignal, 3)
		next(t, second, iomux.KindSignal, 4)
		must(t, r.Unregister())
		must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2)) // which still goes to the second one
		next(t, second, iomux.KindSignal, 4)
		expectNothing(t, p)
		for _, sig := range []os.Signal{nil, os.Kill} {
			_, err := p.RegisterSignal(sig, 0)
			isErr(t, err, syscall.EINVAL)
		}
	})
}

// start runs a shell command.
func start(t *testing.T, command string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", command)
	if err := cmd.Start(); err != nil {
		t.Skip("no shell:", err)
	}
	return cmd
}

func TestProcess(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for command, status := range map[string]int{"exit 0": 0, "exit 42": 42, "kill -KILL $$": -9, "sleep 0.05; exit 7": 7} {
			cmd := start(t, command)
			hasHandle := cmd.Process.WithHandle(func(uintptr) {}) == nil
			r, err := p.RegisterProcess(cmd.Process, 5)
			must(t, err)
			if event := next(t, p, iomux.KindProcess, 5); event.Status != status {
				t.Errorf("%s: status is %d, want %d", command, event.Status, status)
			}
			expectNothing(t, p) // it is told once
			if hasHandle {
				_ = cmd.Wait() // its error tells the status; it must not be ECHILD
				if cmd.ProcessState == nil {
					t.Errorf("%s: the process was reaped", command)
				}
				_, err = p.RegisterProcess(cmd.Process, 5)
				isErr(t, err, os.ErrProcessDone)
			}
			must(t, r.Unregister())
		}
		_, err := p.RegisterProcess(nil, 0)
		isErr(t, err, syscall.EINVAL)
	})
}

func TestProcessByGoroutine(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for command, status := range map[string]int{"exit 42": 42, "kill -KILL $$": -9} {
			cmd := start(t, command)
			_, err := p.RegisterProcessByGoroutine(cmd.Process, 5)
			must(t, err)
			if event := next(t, p, iomux.KindProcess, 5); event.Status != status {
				t.Errorf("%s: status is %d, want %d", command, event.Status, status)
			}
		}
	})
}

// A process that is not our child: that of a shell which we have started.
func TestProcessOfOthers(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		t.Parallel()
		for name, register := range map[string]registerProcess{
			"native": p.RegisterProcess, "goroutine": p.RegisterProcessByGoroutine,
		} {
			t.Run(name, func(t *testing.T) {
				cmd := exec.Command("/bin/sh", "-c", "sleep 0.2 & echo $!; wait")
				out, err := cmd.StdoutPipe()
				must(t, err)
				must(t, cmd.Start())
				var text [16]byte
				n, err := out.Read(text[:])
				must(t, err)
				pid := 0
				for _, digit := range text[:n-1] {
					pid = pid*10 + int(digit-'0')
				}
				process, err := os.FindProcess(pid)
				must(t, err)
				_, err = register(process, 5)
				must(t, err)
				next(t, p, iomux.KindProcess, 5)
				must(t, cmd.Wait())
				must(t, process.Release())
			})
		}
	})
}

// All kinds of sources in one wait, as the events say.
func TestMixture(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		_, err := p.Register(fd, iomux.Readable|iomux.OneShot, 0)
		must(t, err)
		_, err = p.RegisterTimer(time.Millisecond, 1)
		must(t, err)
		_, err = p.RegisterSignal(syscall.SIGUSR1, 2)
		must(t, err)
		cmd := start(t, "exit 3")
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
		_ = cmd.Wait() // it tells the status as an error
	})
}

func TestNames(t *testing.T) {
	for text, value := range map[string]interface{ String() string }{
		"Readable|Edge": iomux.Readable | iomux.Edge, "0": iomux.Interest(0), "Writable|0x100": iomux.Writable | 0x100,
		"io": iomux.KindIO, "timer": iomux.KindTimer, "signal": iomux.KindSignal, "process": iomux.KindProcess, "Kind(9)": iomux.Kind(9),
	} {
		if value.String() != text {
			t.Errorf("%#v prints as %q, want %q", value, value, text)
		}
	}
}
