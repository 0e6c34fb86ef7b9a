//go:build unix || windows

package suite

import (
	"errors"
	"maps"
	"slices"
	"syscall"
	"testing"
)

// Fuzz runs sequences of operations, made from random bytes, and compares an object with a model of
// it.
func Fuzz(f *testing.F, m Mechanism) {
	f.Add([]byte{})
	// Register, write, wait twice, read, wait.
	f.Add([]byte{0, 12, 28, 28, 16, 28})
	f.Add([]byte{128, 12, 28, 28, 4, 28, 132, 28})            // one-shot
	f.Add([]byte{0, 12, 20, 28, 16, 28, 24, 28, 0, 28})       // the writer closes, a new pipe
	f.Add([]byte{0, 1, 2, 3, 12, 13, 14, 15, 28, 8, 9, 28})   // four descriptors
	f.Add([]byte{0, 0, 4, 8, 8, 4, 0, 28, 27, 28, 0, 12, 28}) // registered twice, or not at all
	// An older descriptor is modified, then a newer one hangs up.
	f.Add([]byte("ABC%700"))
	f.Fuzz(func(t *testing.T, program []byte) {
		machine := &machine{m: m, waiter: object(t, m)}
		for slot := range machine.slots {
			machine.slots[slot].open(t)
		}
		for _, code := range program[:min(len(program), 200)] {
			machine.step(t, code)
		}
		machine.wait(t)
	})
}

// machine is an object and a model of it.
type machine struct {
	m      Mechanism
	waiter Waiter
	slots  [4]slot
}

// slot is a pipe whose reading end may be registered.
type slot struct {
	r, w         int
	bytes        int
	writerClosed bool
	registered   bool
	oneShot      bool
	armed        bool // false after a one-shot report
}

func (s *slot) open(t *testing.T) {
	r, w := Pipe(t)
	*s = slot{r: r, w: w}
}

// awaitEnd waits until the reader can see that the writer was closed. The end of a connection
// arrives after its data, and may take a moment.
func (s *slot) awaitEnd(t *testing.T) {
	if s.writerClosed {
		Await(t, s.r, In)
	}
}

// step runs the operation that code stands for. The lowest two bits are the slot, the highest is
// the mode, and the others are the operation.
func (k *machine) step(t *testing.T, code byte) {
	s := &k.slots[code&3]
	mode := Level
	if code&128 != 0 {
		mode = OneShot & k.m.Modes
	}
	switch code >> 2 & 7 {
	case 0:
		k.register(t, s, mode)
	case 1:
		k.modify(t, s, mode)
	case 2:
		k.unregister(t, s)
	case 3:
		if !s.writerClosed && s.bytes < 512 {
			Write(t, s.w)
			s.bytes++
			awaitBytes(t, s.r, s.bytes)
		}
	case 4:
		if n := Drain(t, s.r); n != s.bytes {
			t.Fatalf("%d bytes were in the pipe, want %d", n, s.bytes)
		}
		s.bytes = 0
		s.awaitEnd(t)
	case 5:
		if !s.writerClosed {
			Close(t, s.w)
			s.writerClosed = true
			s.awaitEnd(t)
		}
	case 6:
		k.replace(t, s)
	case 7:
		k.wait(t)
	}
}

func (k *machine) register(t *testing.T, s *slot, mode Mode) {
	err := k.waiter.Register(s.r, In, mode)
	if s.registered && errors.Is(err, syscall.EEXIST) {
		return // a second registration replaces the first
	}
	if err != nil {
		t.Fatal("register:", err)
	}
	s.registered, s.armed, s.oneShot = true, true, mode == OneShot
}

func (k *machine) modify(t *testing.T, s *slot, mode Mode) {
	err := k.waiter.Modify(s.r, In, mode)
	if !s.registered && !k.m.IgnoresUnknown {
		isErrno(t, err, syscall.ENOENT)
		return
	}
	if err != nil {
		t.Fatal("modify:", err)
	}
	s.registered, s.armed, s.oneShot = true, true, mode == OneShot
}

func (k *machine) unregister(t *testing.T, s *slot) {
	if err := k.waiter.Unregister(s.r); (err == nil) != (s.registered || k.m.IgnoresUnknown) {
		t.Fatalf("unregister: %v, registered: %v", err, s.registered)
	}
	s.registered = false
}

// replace closes the pipe and makes another one, which probably has the same numbers. It
// unregisters the pipe first if closing does not.
func (k *machine) replace(t *testing.T, s *slot) {
	if s.registered && k.m.ReportsClosed != Forgotten {
		k.unregister(t, s)
	}
	Close(t, s.r)
	if !s.writerClosed {
		Close(t, s.w)
	}
	s.open(t)
}

// wait polls, and compares the events with the model.
func (k *machine) wait(t *testing.T) {
	want := make(map[int]Events)
	for i := range k.slots {
		s := &k.slots[i]
		if !s.registered || !s.armed {
			continue
		}
		var ready Events
		if s.bytes > 0 {
			ready |= In
		}
		if s.writerClosed {
			ready |= Hup
		}
		if ready != 0 {
			want[s.r] = ready
			s.armed = !s.oneShot
		}
	}
	events, err := k.waiter.Wait(len(k.slots), 0)
	if err != nil {
		t.Fatal("wait:", err)
	}
	got := make(map[int]Events)
	for _, event := range events {
		if _, twice := got[event.FD]; twice {
			t.Fatalf("descriptor %d is reported twice: %v", event.FD, events)
		}
		got[event.FD] = event.Events
	}
	if !sameReadiness(got, want) {
		t.Fatalf("ready are %v, want %v", got, want)
	}
}

// sameReadiness compares what every system reports in the same way. A hang-up may come together
// with In.
func sameReadiness(got, want map[int]Events) bool {
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		return false
	}
	for fd, events := range want {
		if events&^got[fd]&^Hup != 0 || got[fd]&^(In|Hup) != 0 {
			return false
		}
	}
	return true
}
