//go:build unix

package suite

import (
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// systemTests hold behaviours that only some systems have.
var systemTests = []test{
	{name: "PipeIsWritableOnlyWithRoomForPipeBuf", run: pipeBufRoom},
	{name: "RegularFileIsReadyOrRefused", run: regularFile},
	{name: "FIFOWriterComesBack", run: fifoComesBack},
	{name: "ThousandsOfDescriptors", alone: true, run: thousands},
	{name: "SignalsDoNotEndAWait", alone: runtime.GOOS != "linux", run: signals},
}

// pipeBufRoom checks that a pipe reported as writable takes PIPE_BUF bytes without blocking.
func pipeBufRoom(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, w, Out, Level)
	Fill(t, w)
	for range 1 << 10 {
		if _, err := unix.Read(r, make([]byte, 128)); err != nil {
			t.Fatal("the pipe is empty but was not reported as writable:", err)
		}
		if len(wait(t, waiter, 1, 0)) != 0 {
			break
		}
	}
	if n, err := unix.Write(w, make([]byte, sys.PipeBuf)); n != sys.PipeBuf || err != nil {
		t.Errorf("a writable pipe took %d bytes of %d: %v", n, sys.PipeBuf, err)
	}
}

func regularFile(t *testing.T, m Mechanism) {
	file := File(t)
	waiter := object(t, m)
	err := waiter.Register(file, In|Out, Level)
	if m.RefusesFiles {
		isErrno(t, err, unix.EPERM)
		expectNothing(t, waiter)
		return
	}
	Must(t, err)
	expect(t, m, waiter, file, In|Out, Err|Hup)
}

func fifoComesBack(t *testing.T, m Mechanism) {
	if runtime.GOOS == "dragonfly" && !m.UnconnectedIsSilent { // it is not kqueue
		t.Skip("poll(2) and select(2) of DragonFly do not report the end of a FIFO")
	}
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip("this file system has no FIFOs:", err)
	}
	r := open(t, path, unix.O_RDONLY)
	waiter := watching(t, m, r, In, Level)
	if runtime.GOOS == "linux" { // elsewhere a FIFO without writers may be at its end
		expectNothing(t, waiter)
	}
	for range 3 {
		w := open(t, path, unix.O_WRONLY)
		expectNothing(t, waiter)
		Write(t, w)
		expect(t, m, waiter, r, In, Hup)
		Drain(t, r)
		Close(t, w)
		expect(t, m, waiter, r, hangUp(m), 0)
	}
}

// thousands returns the number of descriptors that a test may open from number 1000 on, and raises
// the limit for them.
func (m Mechanism) thousands(t *testing.T) int {
	t.Helper()
	const descriptors = 3000
	m.needs(t, 1000+descriptors)
	raiseLimit(t, 1000+descriptors+100)
	return descriptors
}

// thousands watches 3000 descriptors, a few of them ready.
func thousands(t *testing.T, m Mechanism) {
	descriptors := m.thousands(t)
	r, _ := Pipe(t)
	ready, w := Pipe(t)
	waiter := object(t, m)
	Write(t, w)
	want := make(map[int]bool)
	for i := range descriptors {
		source := r
		if i%500 == 7 {
			source = ready
		}
		fd := High(t, source, 1000)
		want[fd] = source == ready
		Must(t, waiter.Register(fd, In, Level))
	}
	seen := 0
	for _, event := range wait(t, waiter, descriptors, soon) {
		if !want[event.FD] {
			t.Errorf("descriptor %d is reported, and is not ready", event.FD)
		}
		seen++
	}
	if seen != descriptors/500 {
		t.Errorf("%d were reported, want %d", seen, descriptors/500)
	}
}

// signals sends signals during a wait, which must still take its whole timeout.
func signals(t *testing.T, m Mechanism) {
	const timeout = 100 * time.Millisecond
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGUSR1)
	defer signal.Stop(caught)
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)

	defer bombard(t)()
	start := time.Now()
	events := wait(t, waiter, 1, timeout)
	if took := time.Since(start); len(events) != 0 || took < timeout {
		t.Errorf("a wait of %v was over after %v with %v", timeout, took, events)
	}
	writer := time.AfterFunc(timeout, func() { Write(t, w) })
	defer writer.Stop()
	expect(t, m, waiter, r, In, Hup)
}

// ProcessorTime returns the processor time that f uses. On Linux and FreeBSD it is that of the
// calling thread. Elsewhere it is that of the process, to which the garbage collector and the race
// detector contribute.
func ProcessorTime(t testing.TB, f func()) time.Duration {
	t.Helper()
	who := unix.RUSAGE_SELF
	if runtime.GOOS == "linux" || runtime.GOOS == "freebsd" {
		who = 1 // RUSAGE_THREAD
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	used := func() time.Duration {
		var usage unix.Rusage
		Must(t, unix.Getrusage(who, &usage))
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	start := used()
	f()
	return used() - start
}

// every calls f at intervals until stop is called.
func every(t testing.TB, interval time.Duration, f func() error) (stop func()) {
	ticker, quit, done := time.NewTicker(interval), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				if err := f(); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(quit)
		<-done
	}
}
