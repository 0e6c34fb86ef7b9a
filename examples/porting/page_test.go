package porting

import (
	"context"
	"embed"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/epoll"
	"iomux/internal/test/network"
)

// readyConn returns a connection that has a byte to read.
func readyConn(t *testing.T) *net.TCPConn {
	t.Helper()
	network.Need(t)
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

//go:embed *_test.go
var sources embed.FS

// blocksOfPages returns the blocks of docs/porting.md, and of the pages that it lists, in a
// language.
func blocksOfPages(t *testing.T, language string) (blocks []string) {
	t.Helper()
	pages, err := filepath.Glob("../../docs/porting/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("there are %d pages: %v", len(pages), err)
	}
	for _, name := range append(pages, "../../docs/porting.md") {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, submatches(string(page), "(?s)```"+language+"\n(.*?)```\n")...)
	}
	return blocks
}

// submatches returns the first group of all matches of the pattern.
func submatches(text, pattern string) []string {
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func TestPagesShowTheCompiledCode(t *testing.T) {
	t.Parallel()
	shown := blocksOfPages(t, "go")
	files, err := sources.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var compiled []string
	for _, file := range files {
		source, err := sources.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range submatches(string(source), `(?s)\n\t+// begin(\n.*?)\n\t+// end\n`) {
			indent := block[:len(block)-len(strings.TrimLeft(block, "\n\t"))]
			compiled = append(compiled, strings.ReplaceAll(block, indent, "\n")[1:]+"\n")
		}
	}
	for _, block := range compiled {
		if n := count(shown, block); n != 1 {
			t.Errorf("the pages show this block %d times, want 1:\n%s", n, block)
		}
	}
	for _, block := range shown {
		if count(compiled, block) == 0 {
			t.Errorf("no source has this block of the pages:\n%s", block)
		}
	}
}

func count(blocks []string, block string) (n int) {
	for _, other := range blocks {
		if other == block {
			n++
		}
	}
	return n
}

func TestBlocksOfCCompile(t *testing.T) {
	t.Parallel()
	for _, block := range blocksOfPages(t, "c") {
		header := "event2/event.h"
		if strings.Contains(block, "kqueue") {
			header = "sys/event.h"
		}
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			compiler, err := exec.LookPath("cc")
			if err != nil {
				t.Skip("there is no C compiler:", err)
			}
			compile := func(lines string) (output []byte, err error) {
				command := exec.Command(compiler, "-fsyntax-only", "-Wall", "-Werror", "-Wno-unused", "-x", "c", "-")
				command.Stdin = strings.NewReader("#include <stddef.h>\n#include <sys/types.h>\n#include <sys/time.h>\n#include <" + header + ">\n" + lines)
				return command.CombinedOutput()
			}
			if output, err := compile(""); err != nil {
				t.Skipf("there is no %s: %s", header, output)
			}
			output, err := compile("struct event;\nvoid callback(int, short, void *);\nvoid before(int fd, struct event *event) {{\n" + block + "}}\n")
			if err != nil {
				t.Errorf("cc: %v\n%s\n%s", err, block, output)
			}
		})
	}
}

func TestBlocksOfPythonCallHandler(t *testing.T) {
	t.Parallel()
	interpreter, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no Python:", err)
	}
	if output, err := exec.Command(interpreter, "-c", "import selectors, socket").CombinedOutput(); err != nil {
		t.Skipf("Python does not run: %v\n%s", err, output)
	}
	for _, block := range blocksOfPages(t, "python") {
		script := `
import selectors, socket
conn, peer = socket.socketpair()
peer.send(b"x")
def handler(fileobj, mask):
    print(fileobj is conn, mask == selectors.EVENT_READ)
` + block
		output, err := exec.Command(interpreter, "-c", script).CombinedOutput()
		if err != nil || string(output) != "True True\n" {
			t.Errorf("python3: %v, output %q, want True True\n%s", err, output, block)
		}
	}
}

func TestWrappedErrorsAreUnwrapped(t *testing.T) {
	t.Parallel()
	again, errno := unwrapErrors(os.NewSyscallError("read", syscall.EAGAIN))
	if !again || errno != syscall.EAGAIN {
		t.Errorf("unwrapErrors = %v, %v, want true, EAGAIN", again, errno)
	}
}

// wantHandled checks that wait calls its function once, with the descriptor.
func wantHandled(t *testing.T, wait func(fd int, handle func(fd int32)) error) {
	t.Helper()
	fd := descriptorOf(readyConn(t))
	var handled []int32
	skipUnsupported(t, wait(fd, func(fd int32) { handled = append(handled, fd) }))
	if !slices.Equal(handled, []int32{int32(fd)}) {
		t.Errorf("handled %v, want [%d]", handled, fd)
	}
}

func TestMechanismsReportReadyDescriptor(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(int, func(int32)) error{
		"epoll": useEpoll, "kqueue": useKqueue, "poll": usePoll, "select": useSelect,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantHandled(t, wait)
		})
	}
}

const datum = 0x0123456789abcdef

func TestEpollKeeps64Bits(t *testing.T) {
	t.Parallel()
	poller, err := epoll.New()
	skipUnsupported(t, err)
	defer poller.Close()
	got, err := useData(poller, descriptorOf(readyConn(t)), datum, make([]epoll.Event, 1))
	if err != nil || got != datum {
		t.Errorf("useData = %#x, %v, want %#x", got, err, uint64(datum))
	}
}

// deadline returns a context that ends a wait for an event that does not come.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestCallbackIsCalled(t *testing.T) {
	t.Parallel()
	called := errors.New("called")
	err := useCallbacks(deadline(t), descriptorOf(readyConn(t)), func(iomux.Interest) error {
		return called
	})
	if err != called {
		t.Errorf("useCallbacks = %v, want the callback's error", err)
	}
}

func TestCancelledContextEndsCallbacks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(deadline(t))
	err := useCallbacks(ctx, descriptorOf(readyConn(t)), func(iomux.Interest) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("useCallbacks = %v, want context.Canceled", err)
	}
}

func TestTimerExpiresOnlyWithoutData(t *testing.T) {
	t.Parallel()
	ready := readyConn(t)
	idle := readyConn(t)
	if _, err := idle.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		conn  *net.TCPConn
		after time.Duration
		want  string
	}{{ready, 10 * time.Second, "data"}, {idle, 10 * time.Millisecond, "timeout"}} {
		poller := newPoller(t)
		var got []string
		err := useTimer(poller, descriptorOf(c.conn), c.after, func(key string) { got = append(got, key) })
		if err != nil || !slices.Equal(got, []string{c.want}) {
			t.Errorf("useTimer with %v: %v, callbacks for %v, want %s", c.after, err, got, c.want)
		}
		events := make([]iomux.Event[string], 1)
		if n, err := poller.WaitTimeout(events, 10*time.Second); n != 1 || events[0].Key != c.want {
			t.Errorf("the next event is %v, %v, want %s", events[:n], err, c.want)
		}
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

func TestCloseEndsLoop(t *testing.T) {
	t.Parallel()
	poller := newPoller(t)
	time.AfterFunc(10*time.Millisecond, func() { poller.Close() })
	if err := stopLoop(poller, make([]iomux.Event[string], 1)); err != nil {
		t.Error("stopLoop:", err)
	}
}
