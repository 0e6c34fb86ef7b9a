package suite

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"iomux/internal/test/wine"
)

// systemTests hold behaviours that only Windows has.
var systemTests = []test{
	{name: "OnlySockets", run: onlySockets},
	{name: "NoConsole", run: consoles},
	{name: "ManySockets", run: manySockets},
	{name: "HandleOfAClosedSocketIsUsedAgain", run: reusedHandle},
	{name: "SocketIsClosedUnderAWait", run: closedUnderAWait},
}

// onlySockets registers handles that Windows cannot wait on together with sockets.
func onlySockets(t *testing.T, m Mechanism) {
	r, w, err := os.Pipe()
	Must(t, err)
	defer func() { Must(t, errors.Join(r.Close(), w.Close())) }()
	for name, fd := range map[string]int{"file": File(t), "pipe": int(r.Fd()), "standard error": int(os.Stderr.Fd())} {
		m.refuses(t, name, fd)
	}
}

// consoles registers both ends of a console.
func consoles(t *testing.T, m Mechanism) {
	if !InConsole(t) {
		return
	}
	for _, end := range []string{"CONIN$", "CONOUT$"} {
		m.refuses(t, end, console(t, end))
	}
}

func (m Mechanism) refuses(t *testing.T, name string, fd int) {
	t.Helper()
	waiter := object(t, m)
	err := waiter.Register(fd, In, Level)
	if err == nil { // a single call reports it only now
		_, err = waiter.Wait(1, soon)
	}
	if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "only sockets on Windows") {
		t.Errorf("%s: %v, want only sockets on Windows", name, err)
	}
	names(t, err, fd)
}

// thousands returns 3000, or less if each socket is registered with the driver under Wine. The Wine
// server then searches all requests at each new one, and whenever a socket is closed.
func (m Mechanism) thousands(*testing.T) int {
	if m.Live && wine.Running() {
		return 300
	}
	return 3000
}

// manySockets watches thousands of sockets, a few of them ready.
func manySockets(t *testing.T, m Mechanism) {
	sockets := m.thousands(t)
	waiter := object(t, m)
	sender := Socket(t, syscall.SOCK_DGRAM)
	want := make(map[int]bool)
	for i := range sockets {
		fd := Socket(t, syscall.SOCK_DGRAM)
		address := Bind(t, fd)
		Must(t, waiter.Register(fd, In, Level))
		if i%100 == 7 {
			sendTo(t, sender, address)
			Await(t, fd, In)
			want[fd] = true
		}
	}
	events := wait(t, waiter, sockets, soon)
	for _, event := range events {
		if !want[event.FD] {
			t.Errorf("socket %d is reported, and is not ready", event.FD)
		}
	}
	if len(events) != len(want) {
		t.Errorf("%d were reported, want %d", len(events), len(want))
	}
}

// reusedHandle closes sockets whose handles are reused. The new sockets must not inherit events.
func reusedHandle(t *testing.T, m Mechanism) {
	waiter := object(t, m)
	for range 20 {
		r, w := Pipe(t)
		Must(t, waiter.Register(r, In, Level))
		expectEmpty(t, waiter)
		Must(t, waiter.Unregister(r))
		Close(t, r)
		Close(t, w)
		r, w = Pipe(t)
		Must(t, waiter.Register(r, In, Level))
		expectEmpty(t, waiter)
		Write(t, w)
		expect(t, m, waiter, r, In, Nval|Err|Hup)
		Must(t, waiter.Unregister(r))
	}
}

// closedUnderAWait closes a socket during a wait. The wait reports it, or continues with the
// others.
func closedUnderAWait(t *testing.T, m Mechanism) {
	r, _ := Pipe(t)
	reader, writer := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	Must(t, waiter.Register(reader, In, Level))
	result := soonWaiting(waiter)
	Close(t, r)
	if m.ReportsClosed == Forgotten {
		Write(t, writer)
	}
	if err := <-result; m.ReportsClosed == IsError {
		isErrno(t, err, syscall.EBADF)
	} else {
		Must(t, err)
	}
}
