package iomux_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"iomux"
	"iomux/internal/test/suite"
	"iomux/internal/test/wine"
)

func TestDriverIsTheBest(t *testing.T) {
	if p := poller(t, nil); p.Mechanism() != iomux.AFD {
		t.Errorf("mechanism is %v", p.Mechanism())
	}
}

// Register refuses handles that are not sockets.
func TestOnlySockets(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer func() { must(t, errors.Join(r.Close(), w.Close())) }()
	file, err := os.Open(os.Args[0])
	must(t, err)
	defer func() { must(t, file.Close()) }()
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		for name, src := range map[string]any{"pipe": r, "file": file, "standard error": os.Stderr} {
			_, err := p.Register(src, iomux.Readable, 0)
			isErr(t, err, iomux.ErrNotPollable)
			isErr(t, err, errors.ErrUnsupported)
			if err != nil && !strings.Contains(err.Error(), "only sockets on Windows") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if p.Len() != 0 {
			t.Errorf("Len is %d", p.Len())
		}
	})
}

func TestConnections(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer func() { must(t, listener.Close()) }()
		pending := register(t, p, listener, iomux.Readable)
		client, err := net.Dial("tcp", listener.Addr().String())
		must(t, err)
		defer func() { must(t, client.Close()) }()
		expect(t, p, pending, iomux.Readable)
		server, err := listener.Accept()
		must(t, err)
		r := register(t, p, server, iomux.Readable)
		expectNothing(t, p)
		_, err = client.Write([]byte("hello"))
		must(t, err)
		expect(t, p, r, iomux.Readable)
		// The connection is unchanged: its own deadlines work.
		must(t, server.SetReadDeadline(time.Now().Add(soon)))
		if n, err := server.Read(make([]byte, 8)); n != 5 || err != nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
		expectNothing(t, p)
		must(t, r.Modify(iomux.Writable))
		expect(t, p, r, iomux.Writable)
		must(t, server.Close())
		expectNothing(t, p)
		_, err = p.Register(server, iomux.Readable, 0)
		isErr(t, err, os.ErrClosed)
		must(t, r.Unregister()) // works after the source was closed
		must(t, pending.Unregister())
		if p.Len() != 0 {
			t.Errorf("Len is %d", p.Len())
		}
	})
}

// Connections are closed without Unregister, and other sockets get their numbers. No event reaches
// the new sockets.
func TestReusedNumbers(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		for range 30 {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			r := register(t, p, listener, iomux.Readable)
			if p.Len()%2 == 0 {
				expectNothing(t, p)
			}
			must(t, listener.Close())
			_, server := suite.TCPPair(t)
			var events [1]iomux.Event[int]
			if n, err := p.WaitTimeout(events[:], 0); n != 0 || err != nil {
				t.Fatalf("events are %+v, %v", events[:n], err)
			}
			fresh := register(t, p, server, iomux.Writable)
			expect(t, p, fresh, iomux.Writable)
			must(t, fresh.Unregister())
			must(t, r.Unregister())
		}
	})
}

// A closed number that now belongs to a file ends no wait and hides no other source.
func TestNumberOfAFile(t *testing.T) {
	file, process := windows.Handle(suite.File(t)), windows.CurrentProcess()
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		low, _ := suite.Pipe(t)
		fd := suite.Duplicate(t, low, 0)
		r := register(t, p, fd, iomux.Readable)
		expectNothing(t, p)
		suite.Close(t, fd)
		number := -1
		for i := 0; i < 100 && number != fd; i++ {
			var duplicate windows.Handle
			must(t, windows.DuplicateHandle(process, file, process, &duplicate, 0, false, windows.DUPLICATE_SAME_ACCESS))
			t.Cleanup(func() { must(t, windows.CloseHandle(duplicate)) })
			number = int(duplicate)
		}
		if number != fd {
			t.Skip("no file got the number")
		}
		expectBlocks(t, p)
		other, w := suite.Pipe(t)
		second := register(t, p, other, iomux.Readable)
		suite.Write(t, w)
		expect(t, p, second, iomux.Readable)
		isErr(t, r.Modify(iomux.Writable), syscall.EBADF)
		must(t, r.Unregister())
		expect(t, p, second, iomux.Readable)
		_, err := p.RegisterFD(fd, iomux.Readable, 0)
		isErr(t, err, iomux.ErrNotPollable)
	})
}

// again runs the calling test in another process, where suite.Part is part.
func again(t *testing.T, part string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "IOMUX_TEST_PART="+part)
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	return cmd
}

func TestProcess(t *testing.T) {
	if part := suite.Part(); part != "" {
		status, err := strconv.Atoi(part)
		if err != nil {
			time.Sleep(soon) // until the parent kills this process
		}
		os.Exit(status)
	}
	p := poller(t, nil)
	for part, status := range map[string]int{"0": 0, "42": 42, "1000000000": 1000000000, "wait": 1} {
		cmd := again(t, part)
		must(t, cmd.Start())
		r, err := p.RegisterProcess(cmd.Process, 5)
		must(t, err)
		other, err := os.FindProcess(cmd.Process.Pid) // as if it were not a child
		must(t, err)
		second, err := p.RegisterProcess(other, 5)
		must(t, err)
		if part == "wait" {
			expectNothing(t, p)
			must(t, cmd.Process.Kill())
		}
		for range 2 {
			var events [1]iomux.Event[int]
			n, err := p.WaitTimeout(events[:], soon)
			if n != 1 || err != nil || events[0].Kind != iomux.KindProcess || events[0].Status != status {
				t.Errorf("part %s: events are %+v, %v", part, events[:n], err)
			}
		}
		expectNothing(t, p) // the exit is reported once
		_ = cmd.Wait()      // its error holds the status
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
			t.Errorf("part %s: the process was reaped: %v", part, cmd.ProcessState)
		}
		_, err = p.RegisterProcess(cmd.Process, 5)
		isErr(t, err, os.ErrProcessDone)
		isErr(t, r.Unregister(), syscall.ENOENT)
		isErr(t, second.Unregister(), syscall.ENOENT)
		must(t, other.Release())
	}
	_, err := p.RegisterProcess(nil, 0)
	isErr(t, err, syscall.EINVAL)
	cmd := again(t, "wait")
	must(t, cmd.Start())
	_, err = p.RegisterProcess(cmd.Process, 5)
	must(t, err)
	must(t, p.Close()) // ends the waiting thread
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // its error means that it was killed
}

// systemSources returns no functions: only Unix systems have further sources.
func systemSources(*iomux.Poller[int]) []func() (*iomux.Registration[int], error) { return nil }

var setConsoleCtrlHandler = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetConsoleCtrlHandler")

// Ctrl-C and Ctrl-Break reach a Poller that waits for os.Interrupt.
func TestSignal(t *testing.T) {
	for _, sig := range []os.Signal{nil, os.Kill} {
		_, err := poller(t, nil).RegisterSignal(sig, 0)
		isErr(t, err, syscall.EINVAL)
	}
	for name, key := range map[string]uint32{"Ctrl-C": windows.CTRL_C_EVENT, "Ctrl-Break": windows.CTRL_BREAK_EVENT} {
		t.Run(name, func(t *testing.T) {
			if !suite.InConsole(t) {
				return
			}
			// A child inherits that its parent ignores Ctrl-C.
			if ok, _, err := setConsoleCtrlHandler.Call(0, 0); ok == 0 {
				t.Fatal("SetConsoleCtrlHandler:", err)
			}
			p := poller(t, nil)
			_, err := p.RegisterSignal(os.Interrupt, 3)
			must(t, err)
			if err := windows.GenerateConsoleCtrlEvent(key, 0); err != nil {
				wine.Skip(t, "its consoles deliver no "+name+": "+err.Error())
				t.Fatal("GenerateConsoleCtrlEvent:", err)
			}
			if event := next(t, p, iomux.KindSignal, 3); event.Signal() != syscall.SIGINT {
				t.Errorf("event is %+v", event)
			}
			expectNothing(t, p)
		})
	}
}

func TestWaitsDoNotAllocate(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		client, server := suite.TCPPair(t)
		suite.Write(t, client)
		r := register(t, p, server, iomux.Readable)
		var events [4]iomux.Event[int]
		turn := func() {
			_, _ = p.WaitTimeout(events[:], time.Second)
			_ = r.Modify(iomux.Writable)
			_, _ = p.Wait(context.Background(), events[:])
			_ = r.Modify(iomux.Readable)
			_, _ = p.WaitTimeout(events[:], 0)
		}
		for range 100 { // warm up the free lists
			turn()
		}
		if n := testing.AllocsPerRun(100, turn); n != 0 {
			t.Errorf("waits and modifies allocate %v times", n)
		}
	})
}

// A closed number may now belong to the Poller's own socket, its waker or another handle of the
// Poller.
func TestOwnNumbersAreRefused(t *testing.T) {
	const soType = 0x1008
	sockets := make(map[int]bool)
	for n := 0; n < 2048; n += 4 {
		_, err := windows.GetsockoptInt(windows.Handle(n), windows.SOL_SOCKET, soType)
		sockets[n] = err == nil
	}
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		for n := 0; n < 2048; n += 4 {
			if sockets[n] {
				continue
			}
			if _, err := p.RegisterFD(n, iomux.Readable, 0); !errors.Is(err, syscall.EBADF) && !errors.Is(err, iomux.ErrNotPollable) {
				t.Errorf("handle %d: %v", n, err)
			}
		}
	})
}
