//go:build unix || windows

package suite

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/wine"
)

var hangupTests = []test{
	{name: "WriterClosesAnEmptyPipe", run: writerClosesEmpty},
	{name: "WriterClosesAPipeWithData", run: writerClosesData},
	{name: "ReaderClosesWhileTheWriterWaits", run: readerCloses},
	{name: "HangUpIsReportedUnasked", reports: Hup | Err, run: hangUpUnasked},
	{name: "PeerShutsDownItsWritingSide", run: peerShutsDown},
	{name: "PeerShutsDownIsReportedAsRdHup", reports: RdHup, run: peerShutsDownRdHup},
	{name: "SocketPairPeerCloses", run: peerCloses},
	{name: "OneShotAndHangUp", modes: OneShot, reports: RdHup | Hup, run: oneShotAndHangUp},
}

// hangUp returns the condition that m reports for a reader without writers. Mechanisms without a
// hang-up report it as readable. So does every mechanism on Windows, where a connection takes the
// place of a pipe: its peer may still receive.
func hangUp(m Mechanism) Events {
	if m.Reports&Hup != 0 && runtime.GOOS != "windows" {
		return Hup
	}
	return In
}

func writerClosesEmpty(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	expectNothing(t, waiter)
	Close(t, w)
	var unwanted Events
	if runtime.GOOS == "linux" && m.Reports&Hup != 0 {
		unwanted = In // the BSDs report both
	}
	expect(t, m, waiter, r, hangUp(m), unwanted)
	expect(t, m, waiter, r, hangUp(m), unwanted)
}

func writerClosesData(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	Write(t, w)
	Close(t, w)
	want := In | Hup
	if runtime.GOOS != "linux" {
		want = In // some systems report the hang-up only after all data was read
	}
	expect(t, m, waiter, r, want, 0)
	Drain(t, r)
	expect(t, m, waiter, r, hangUp(m), 0)
}

func readerCloses(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, w, Out, Level)
	Fill(t, w)
	expectNothing(t, waiter)
	closed := time.AfterFunc(quiet, func() { Close(t, r) })
	defer closed.Stop()
	events := wait(t, waiter, 8, soon)
	if len(events) != 1 || events[0].FD != w {
		t.Fatalf("events are %v, want one of descriptor %d", events, w)
	}
	// Linux reports Err, SunOS and some BSDs report Hup, and select reports writable.
	if got := events[0].Events; got&(Err|Hup|Out) == 0 {
		t.Errorf("descriptor %d is %v", w, got)
	}
	if got := events[0].Events; runtime.GOOS == "linux" && m.Reports&Err != 0 && got&Err == 0 {
		t.Errorf("descriptor %d is %v, want Err", w, got)
	}
}

func hangUpUnasked(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, 0, Level)
	Write(t, w)
	expectNothing(t, waiter)
	if runtime.GOOS == "windows" {
		Reset(t, w)
		expect(t, m, waiter, r, Hup, In)
		return
	}
	Close(t, w)
	expect(t, m, waiter, r, Hup, In)
}

func peerShutsDown(t *testing.T, m Mechanism) {
	for name, pair := range map[string]func(testing.TB) (int, int){
		"unix": func(t testing.TB) (int, int) { return SocketPair(t, syscall.SOCK_STREAM) },
		"tcp":  TCPPair,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			waiter := watching(t, m, a, In, Level)
			expectNothing(t, waiter)
			ShutDown(t, b)
			expect(t, m, waiter, a, In, Err)
			if n, err := read(a, make([]byte, 1)); n != 0 || err != nil {
				t.Errorf("read %d bytes, %v, want the end", n, err)
			}
			ShutDown(t, a)
			want := In | Hup
			if runtime.GOOS != "linux" {
				want = In
			}
			expect(t, m, waiter, a, want, 0)
		})
	}
}

func peerShutsDownRdHup(t *testing.T, m Mechanism) {
	a, b := TCPPair(t)
	waiter := watching(t, m, a, RdHup, Level)
	writeUnread(t, b)
	expectNothing(t, waiter)
	ShutDown(t, b)
	expect(t, m, waiter, a, RdHup, In|Hup)
	Must(t, waiter.Modify(a, In|Out|RdHup, Level))
	expect(t, m, waiter, a, In|Out|RdHup, Hup)
	ShutDown(t, a)
	want := In | RdHup | Hup
	if runtime.GOOS != "linux" {
		want = In | RdHup
	}
	expect(t, m, waiter, a, want, 0)
}

// writeUnread writes data that is never read, before the peer of fd hangs up. Under Wine it writes
// nothing, because the data would hide the hang-up.
func writeUnread(t *testing.T, fd int) {
	if !wine.Running() {
		Write(t, fd)
	}
}

// oneShotAndHangUp lets a socket hang up after its one-shot event. The hang-up is not reported
// until the registration is armed again.
func oneShotAndHangUp(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	waiter := watching(t, m, server, In, OneShot)
	Write(t, client)
	expect(t, m, waiter, server, In, Out|Pri|Err|Hup|RdHup)
	Drain(t, server)
	isErrno(t, waiter.Register(server, In, OneShot), syscall.EEXIST)
	expectNothing(t, waiter)
	Must(t, waiter.Modify(server, RdHup, OneShot))
	writeUnread(t, client)
	expectNothing(t, waiter)
	ShutDown(t, client)
	expect(t, m, waiter, server, RdHup, In|Out|Err|Hup)
	Reset(t, server)
	expectNothing(t, waiter)
	Must(t, waiter.Register(client, 0, Level)) // registered late, and for no condition
	expect(t, m, waiter, client, Hup, In|Out|RdHup)
}

func peerCloses(t *testing.T, m Mechanism) {
	a, b := SocketPair(t, syscall.SOCK_STREAM)
	waiter := watching(t, m, a, In, Level)
	Close(t, b)
	want := In | Hup
	if runtime.GOOS != "linux" {
		want = In
	}
	expect(t, m, waiter, a, want, 0)
}
