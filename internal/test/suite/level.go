//go:build unix || windows

package suite

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux/internal/sys"
)

var levelTests = []test{
	{name: "NothingReadyTimesOut", run: nothingReadyTimesOut},
	{name: "LevelRepeatsUntilRead", run: levelRepeatsUntilRead},
	{name: "PartOfTheDataIsRead", run: partIsRead},
	{name: "ReadableAndWritableComeAsOneEvent", run: readableAndWritable},
	{name: "FullPipeIsNotWritable", run: fullPipe},
	{name: "ModifyReplacesWhatIsAskedFor", run: modifyReplaces},
	{name: "UnregisteredIsNotReported", run: unregistered},
	{name: "RegisterAgainAfterUnregister", run: registerAgain},
	{name: "ClosedDescriptor", alone: true, run: closedDescriptor},
	{name: "DescriptorAbove1024", run: descriptorAbove1024},
	{name: "NumbersThatNoDescriptorHas", run: impossibleNumbers},
	{name: "UnknownDescriptor", memory: true, run: unknownDescriptor},
	{name: "NoRoomIsAnError", memory: true, run: noRoom},
	{name: "OneEventWakesAllObjects", run: allObjects},
	{name: "DuplicateIsReportedByItsOwnNumber", run: twoNumbers},
}

func nothingReadyTimesOut(t *testing.T, m Mechanism) {
	r, _ := Pipe(t)
	expectNothing(t, watching(t, m, r, In, Level))
}

func levelRepeatsUntilRead(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	Write(t, w)
	for range 3 {
		expect(t, m, waiter, r, In, Out|Pri|Err|Hup)
	}
	Drain(t, r)
	expectNothing(t, waiter)
}

// partIsRead reads a part of the data. The report of the rest depends on the mode.
func partIsRead(t *testing.T, m Mechanism) {
	for _, mode := range m.allModes() {
		a, b := SocketPair(t, syscall.SOCK_STREAM)
		waiter := watching(t, m, a, In, mode)
		for range 5 {
			Write(t, b)
		}
		awaitBytes(t, a, 5)
		expect(t, m, waiter, a, In, Out|Hup)
		if n, err := read(a, make([]byte, 3)); n != 3 || err != nil {
			t.Fatalf("read %d bytes, %v, want 3", n, err)
		}
		switch mode {
		case Level:
			expect(t, m, waiter, a, In, Out|Hup)
		case Edge:
			expectNothing(t, waiter)
			Write(t, b)
			expect(t, m, waiter, a, In, Out|Hup)
		default:
			expectNothing(t, waiter)
			Must(t, waiter.Modify(a, In, mode))
			expect(t, m, waiter, a, In, Out|Hup)
			Must(t, waiter.Modify(a, In, mode))
		}
		Drain(t, a)
		expectNothing(t, waiter)
		if m.Modes&OneShot != 0 { // from any mode
			Must(t, waiter.Modify(a, In, OneShot))
			Write(t, b)
			expect(t, m, waiter, a, In, Out|Hup)
			expectNothing(t, waiter)
		}
	}
}

func readableAndWritable(t *testing.T, m Mechanism) {
	a, b := SocketPair(t, syscall.SOCK_STREAM)
	waiter := watching(t, m, a, In|Out, Level)
	expect(t, m, waiter, a, Out, In|Hup)
	Write(t, b)
	expect(t, m, waiter, a, In|Out, Hup)
}

func fullPipe(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, w, Out, Level)
	expect(t, m, waiter, w, Out, Err)
	Fill(t, w)
	expectNothing(t, waiter)
	Drain(t, r)
	expect(t, m, waiter, w, Out, Err)
}

func modifyReplaces(t *testing.T, m Mechanism) {
	a, _ := SocketPair(t, syscall.SOCK_STREAM)
	waiter := watching(t, m, a, In, Level)
	expectNothing(t, waiter)
	Must(t, waiter.Modify(a, Out, Level))
	expect(t, m, waiter, a, Out, In)
	Must(t, waiter.Modify(a, In, Level))
	expectNothing(t, waiter)
}

func unregistered(t *testing.T, m Mechanism) {
	a, b := SocketPair(t, syscall.SOCK_STREAM)
	other, w := Pipe(t)
	waiter := watching(t, m, a, In|Out, Level)
	Must(t, waiter.Register(other, In, Level))
	Write(t, b)
	Write(t, w)
	Must(t, waiter.Unregister(a))
	expect(t, m, waiter, other, In, Hup)
	Write(t, a) // the descriptor itself still works
	expect(t, m, waiter, other, In, Hup)
}

func registerAgain(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	Write(t, w)
	for range 3 {
		Must(t, waiter.Unregister(r))
		expectNothing(t, waiter)
		Must(t, waiter.Register(r, In, Level))
		expect(t, m, waiter, r, In, Hup)
	}
}

// closedDescriptor retries if the number was reused at once. Windows gives it to the next handle of
// the process, such as a thread.
func closedDescriptor(t *testing.T, m Mechanism) {
	for range 20 {
		r, _ := Pipe(t)
		waiter := watching(t, m, r, In, Level)
		Close(t, r)
		err := reportsClosed(m, waiter, r)
		if err == nil {
			if m.ReportsClosed == Forgotten {
				closedInEachState(t, m)
			}
			return
		}
		if !sys.IsOpen(r) {
			t.Fatal(err)
		}
	}
	t.Fatal("the number of the closed descriptor was reused each time")
}

// reportsClosed checks how waiter reports fd, which was closed.
func reportsClosed(m Mechanism, waiter Waiter, fd int) error {
	timeout := soon
	if m.ReportsClosed == Forgotten {
		timeout = quiet
	}
	events, err := waiter.Wait(8, timeout)
	switch {
	case m.ReportsClosed == IsError && errors.Is(err, syscall.EBADF) && strings.Contains(err.Error(), strconv.Itoa(fd)):
		return nil
	case m.ReportsClosed == IsError && err == nil:
		return fmt.Errorf("events are %v, want EBADF of descriptor %d", events, fd)
	case err != nil:
		return fmt.Errorf("wait: %w", err)
	case m.ReportsClosed == IsNval:
		return matches(m, events, fd, Nval, In|Out)
	case len(events) != 0:
		return fmt.Errorf("events are %v, want none", events)
	}
	return nil
}

// closedInEachState closes sockets in different states: before the first wait, never reported,
// reported, disarmed after a one-shot event, and registered for no condition.
func closedInEachState(t *testing.T, m Mechanism) {
	waiter := object(t, m)
	datagram := func(events Events, mode Mode) int {
		fd := Socket(t, syscall.SOCK_DGRAM)
		Bind(t, fd)
		Must(t, waiter.Register(fd, events, mode))
		return fd
	}
	fresh, calm, ready := datagram(In, Level), datagram(In, Level), datagram(Out, Level)
	silent, unasked := datagram(Out, OneShot), datagram(0, Level)

	Close(t, fresh)
	seen := make(map[int]bool)
	for start := time.Now(); len(seen) < 2 && time.Since(start) < soon; {
		for _, event := range wait(t, waiter, 8, soon) {
			seen[event.FD] = true
		}
	}
	if len(seen) != 2 || !seen[ready] || !seen[silent] {
		t.Errorf("%v were reported, want %d and %d", seen, ready, silent)
	}
	Close(t, calm)
	Close(t, ready)
	expectNothing(t, waiter)
	Close(t, silent)
	Close(t, unasked)
	expectNothing(t, waiter)
}

func descriptorAbove1024(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	m.needs(t, 5000)
	high := High(t, r, 5000)
	waiter := watching(t, m, high, In, Level)
	expectNothing(t, waiter)
	Write(t, w)
	expect(t, m, waiter, high, In, Hup)
}

func impossibleNumbers(t *testing.T, m Mechanism) {
	for _, fd := range []int{-1, -1 << 31, maxInt64, beyondInt32} {
		waiter := object(t, m)
		err := waiter.Register(fd, In, Level)
		if err == nil { // a single call reports it only now
			_, err = waiter.Wait(1, 0)
		}
		isErrno(t, err, syscall.EBADF)
		names(t, err, fd)
	}
}

// These numbers need 64 bits: beyondInt32 would be descriptor 0 if it were truncated. On 32-bit
// machines they are -1.
const (
	is64Bit     = int(^uint(0) >> 63)
	beyondInt32 = is64Bit<<32 - (1 - is64Bit)
	maxInt64    = is64Bit*math.MaxInt - (1 - is64Bit)
)

func unknownDescriptor(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := object(t, m)
	if m.IgnoresUnknown {
		Must(t, waiter.Unregister(r))
		Must(t, waiter.Modify(r, In, Level))
		Write(t, w)
		expect(t, m, waiter, r, In, Hup)
		return
	}
	if err := waiter.Modify(r, In, Level); err == nil {
		t.Error("Modify of an unknown descriptor succeeded")
	}
	if err := waiter.Unregister(r); err == nil {
		t.Error("Unregister of an unknown descriptor succeeded")
	}
}

func noRoom(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	Write(t, w)
	events, err := waiter.Wait(0, soon)
	isErrno(t, err, syscall.EINVAL)
	if len(events) != 0 {
		t.Errorf("events are %v", events)
	}
	expect(t, m, waiter, r, In, Hup)
}

func allObjects(t *testing.T, m Mechanism) {
	const objects = 10
	r, w := Pipe(t)
	woken := make(chan error, objects)
	for range objects {
		waiter := watching(t, m, r, In, Level)
		go func() {
			events, err := waiter.Wait(1, soon)
			if err == nil {
				err = matches(m, events, r, In, Hup)
			}
			woken <- err
		}()
	}
	time.Sleep(quiet) // most of them wait by now, but it does not matter
	Write(t, w)
	for range objects {
		Must(t, <-woken)
	}
}

func twoNumbers(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	twin := High(t, r, 300)
	waiter := watching(t, m, r, In, Level)
	Must(t, waiter.Register(twin, In, Level))
	Write(t, w)
	var seen []int
	for _, event := range wait(t, waiter, 8, soon) {
		seen = append(seen, event.FD)
	}
	slices.Sort(seen)
	if !slices.Equal(seen, []int{min(r, twin), max(r, twin)}) {
		t.Errorf("ready are %v, want %v", seen, []int{r, twin})
	}
}
