package porting

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/epoll"
)

// readyConn returns a connection that has a byte to read.
func readyConn(t *testing.T) *net.TCPConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	peer, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// skipUnsupported skips the test if err is that of a system without the mechanism.
func skipUnsupported(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this system has no such mechanism:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newPoller(t *testing.T) *iomux.Poller[string] {
	t.Helper()
	poller, err := iomux.New[string]()
	skipUnsupported(t, err)
	t.Cleanup(func() { poller.Close() })
	return poller
}

func TestPageShowsTheCompiledCode(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/porting.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("porting_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := submatches(page, "(?s)After:\n\n```go\n(.*?)```\n")
	compiled := submatches(source, `(?s)\t// begin\n(.*?)\t// end\n`)
	if after := bytes.Count(page, []byte("After:\n")); after != len(shown) {
		t.Errorf("the page has %d times After, and %d Go blocks below it", after, len(shown))
	}
	if len(shown) != len(compiled) {
		t.Fatalf("the page shows %d blocks, and the source has %d", len(shown), len(compiled))
	}
	for i, block := range compiled {
		block = strings.ReplaceAll("\n"+block, "\n\t", "\n")[1:]
		if shown[i] != block {
			t.Errorf("block %d of the page:\n%s\nthe source:\n%s", i, shown[i], block)
		}
	}
}

// submatches returns the first group of all matches of the pattern.
func submatches(text []byte, pattern string) []string {
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		found = append(found, string(match[1]))
	}
	return found
}

func TestWrappedErrorsAreUnwrapped(t *testing.T) {
	t.Parallel()
	again, errno := unwrapErrors(os.NewSyscallError("read", syscall.EAGAIN))
	if !again || errno != syscall.EAGAIN {
		t.Errorf("unwrapErrors = %v, %v, want true, EAGAIN", again, errno)
	}
}

func TestMechanismsReportReadyDescriptor(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(int, func(int32)) error{
		"epoll": useEpoll, "kqueue": useKqueue, "poll": usePoll, "select": useSelect,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fd := descriptorOf(readyConn(t))
			var handled []int32
			skipUnsupported(t, wait(fd, func(fd int32) { handled = append(handled, fd) }))
			if !slices.Equal(handled, []int32{int32(fd)}) {
				t.Errorf("handled %v, want [%d]", handled, fd)
			}
		})
	}
}

func TestEpollKeeps64Bits(t *testing.T) {
	t.Parallel()
	poller, err := epoll.New()
	skipUnsupported(t, err)
	defer poller.Close()
	const want = 0x0123456789abcdef
	got, err := useData(poller, descriptorOf(readyConn(t)), want, make([]epoll.Event, 1))
	if err != nil || got != want {
		t.Errorf("useData = %#x, %v, want %#x", got, err, uint64(want))
	}
}

func TestCallbackIsCalled(t *testing.T) {
	t.Parallel()
	called := errors.New("called")
	err := useCallbacks(t.Context(), descriptorOf(readyConn(t)), func(iomux.Interest) error {
		return called
	})
	if !errors.Is(err, called) {
		t.Errorf("useCallbacks = %v, want the callback's error", err)
	}
}

func TestCancelledContextEndsCallbacks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := useCallbacks(ctx, descriptorOf(readyConn(t)), func(iomux.Interest) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("useCallbacks = %v, want context.Canceled", err)
	}
}

func TestDataArrivesBeforeTimeout(t *testing.T) {
	t.Parallel()
	key, err := useTimeoutEvent(newPoller(t), descriptorOf(readyConn(t)))
	if err != nil || key != "data" {
		t.Errorf("useTimeoutEvent = %q, %v, want data", key, err)
	}
}

func TestHandlerGetsItsConnection(t *testing.T) {
	t.Parallel()
	conn := readyConn(t)
	var handled []syscall.Conn
	skipUnsupported(t, useSelectors(conn, func(key syscall.Conn, _ iomux.Interest) {
		handled = append(handled, key)
	}))
	if !slices.Equal(handled, []syscall.Conn{conn}) {
		t.Errorf("handled %v, want the connection once", handled)
	}
}

func TestCloseEndsWait(t *testing.T) {
	t.Parallel()
	poller := newPoller(t)
	time.AfterFunc(10*time.Millisecond, func() { poller.Close() })
	useClose(poller, make([]iomux.Event[string], 1))
}
