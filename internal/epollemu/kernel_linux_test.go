package epollemu_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/sys"
	"iomux/internal/test/leak"
	"iomux/internal/test/network"
	"iomux/internal/test/suite"
)

// TestSameAsTheKernel makes random sequences of operations, and compares each emulation with the
// kernel's epoll and with poll(2) after each of them. IOMUX_SEQUENCES sets their number, and
// IOMUX_SEED the first of their seeds.
func TestSameAsTheKernel(t *testing.T) {
	if suite.Emulator() != "" {
		t.Skip("dup3(2) of qemu-user has failed with ENOENT in these sequences")
	}
	all := subject{
		open:  func() (emulation, error) { return epollemu.New() },
		modes: []uint32{epollemu.ET, epollemu.OneShot, epollemu.OneShot | epollemu.ET, epollemu.Exclusive},
		kinds: kinds(),
	}
	t.Run("kqueue", func(t *testing.T) { runSequences(t, all) })
	for name, open := range calls() {
		// Leave out terminals, which fstat(2) does not distinguish.
		few := subject{
			open:  func() (emulation, error) { return epollemu.OpenPorts(open()) },
			modes: []uint32{epollemu.OneShot},
			kinds: 4,
		}
		t.Run(name, func(t *testing.T) { runSequences(t, few) })
	}
}

// kinds returns the number of kinds of files: all of them, or all but terminals on a system without
// any.
func kinds() int {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		return 4
	}
	_ = terminal.Close()
	return 5
}

// subject is an emulation under test, with the modes and the kinds of files to test.
type subject struct {
	open  func() (emulation, error)
	modes []uint32
	kinds int
}

func runSequences(t *testing.T, under subject) {
	network.Need(t)
	if leak.FewDescriptors() {
		t.Skip("this process may have fewer than 1024 descriptors")
	}
	sequences, seed := uint64(150), rand.Uint64N(1<<32)
	if testing.Short() {
		sequences = 40
	}
	if n, err := strconv.ParseUint(os.Getenv("IOMUX_SEQUENCES"), 10, 64); err == nil {
		sequences = n
	}
	if n, err := strconv.ParseUint(os.Getenv("IOMUX_SEED"), 10, 64); err == nil {
		seed = n
	}
	var total tally
	for i := range sequences {
		if t.Failed() {
			break
		}
		runSequence(t, seed+i, under, &total)
	}
	if t.Failed() {
		return
	}
	t.Logf("%d sequences from seed %d: %d operations compared, %d events, %d poll(2) results, %d repeated waits, %d excused repetitions, differences 0",
		sequences, seed, total.operations, total.events, total.results, total.repeated, total.excused)
}

// tally counts what was compared.
type tally struct{ operations, events, results, repeated, excused int }

// comparison is a kernel's epoll and an emulated one that hold the same descriptors.
type comparison struct {
	subject
	t         *testing.T
	random    *rand.Rand
	kernel    int
	ours      emulation
	filterSet [5]comparedSlot
	trace     []string
	total     *tally
}

// comparedSlot is a number and its other end: a pipe, a socket, or a closed number.
type comparedSlot struct {
	fd, peer int
	open     bool
	terminal bool
	// repeatable holds reported events of room and ends that still apply.
	repeatable uint32
	events     uint32 // registered, 0 if not
	armed      bool
	extra      []int // duplicates and originals to close at the end
}

func runSequence(t *testing.T, seed uint64, under subject, total *tally) {
	kernel, err := sys.EpollCreate()
	must(t, err)
	ours, err := under.open()
	must(t, err)
	c := &comparison{t: t, random: rand.New(rand.NewPCG(seed, 0)), subject: under, kernel: kernel, ours: ours, total: total}
	for i := range c.filterSet {
		c.filterSet[i] = comparedSlot{fd: 700 + i, peer: -1}
		c.reopen(&c.filterSet[i])
	}
	for range 60 {
		if t.Failed() {
			t.Log("seed", seed)
			break
		}
		c.step()
		c.total.operations++
	}
	for i := range c.filterSet {
		c.clear(&c.filterSet[i])
	}
	must(t, unix.Close(kernel))
	must(t, ours.Close())
}

func (c *comparison) note(format string, args ...any) {
	c.trace = append(c.trace, fmt.Sprintf(format, args...))
}

func (c *comparison) step() {
	s := &c.filterSet[c.random.IntN(len(c.filterSet))]
	switch c.random.IntN(24) {
	case 0, 1, 2:
		c.register(s)
	case 3, 4:
		c.modify(s)
	case 5:
		c.note("remove %d", s.fd)
		c.same("remove", s, c.control(sys.EpollRemove, s.fd, 0), c.ours.Remove(s.fd))
		s.events = 0
	case 6, 7, 8:
		c.note("write to %d", s.fd)
		_, _ = unix.Write(s.peer, []byte("xy"))
	case 9, 10:
		c.note("read %d", s.fd)
		drain(s.fd)
	case 11:
		c.note("fill %d", s.fd)
		fill(s.fd)
		s.repeatable &^= room
	case 12:
		c.note("read the peer of %d", s.fd)
		drain(s.peer)
	case 13:
		c.note("close the peer of %d", s.fd)
		if c.random.IntN(2) == 0 {
			_ = unix.SetsockoptLinger(s.peer, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		}
		c.closePeer(s)
	case 14:
		how := c.random.IntN(3)
		c.note("shut down %d: %d", s.fd, how)
		_ = unix.Shutdown(s.fd, how)
	case 15:
		how := c.random.IntN(3)
		c.note("shut down the peer of %d: %d", s.fd, how)
		_ = unix.Shutdown(s.peer, how)
	case 16:
		c.note("urgent data for %d", s.fd)
		_ = unix.Sendto(s.peer, []byte("!"), unix.MSG_OOB|unix.MSG_NOSIGNAL, nil)
	case 17:
		c.reopen(s)
	case 18:
		c.closeNumber(s)
	case 19:
		c.duplicate(s)
	}
	c.wait()
}

// choose returns random events and modes. Terminals are level-triggered, because their data arrives
// at any time: two waits, one after the other, would see different edges.
func (c *comparison) choose(s *comparedSlot) uint32 {
	var events uint32
	for _, event := range []uint32{epollemu.In, epollemu.Out, epollemu.Pri, epollemu.RdHup} {
		if c.random.IntN(2) == 0 {
			events |= event
		}
	}
	if c.random.IntN(6) == 0 {
		events |= epollemu.RdNorm | epollemu.WrNorm | epollemu.WrBand
	}
	if s.terminal {
		return events
	}
	if c.random.IntN(2) == 0 {
		events |= c.modes[c.random.IntN(len(c.modes))]
	}
	return events
}

func (c *comparison) register(s *comparedSlot) {
	events := c.choose(s)
	c.note("register %d for %v", s.fd, names(events))
	kernel := c.control(sys.EpollAdd, s.fd, events)
	ours := c.ours.Add(s.fd, events, uint64(s.fd))
	c.same("register", s, kernel, ours)
	switch {
	case kernel == nil:
		s.events, s.armed, s.repeatable = events|epollemu.Err, true, 0
	case errors.Is(kernel, unix.EEXIST) && s.armed && s.events&epollemu.ET != 0 && s.events&epollemu.Exclusive == 0:
		// As documented, this makes the emulation report again what is ready.
		must(c.t, c.control(sys.EpollModify, s.fd, s.events))
	}
}

func (c *comparison) modify(s *comparedSlot) {
	events := c.choose(s)
	c.note("modify %d for %v", s.fd, names(events))
	kernel := c.control(sys.EpollModify, s.fd, events)
	c.same("modify", s, kernel, c.ours.Modify(s.fd, events, uint64(s.fd)))
	if kernel == nil {
		s.events, s.armed, s.repeatable = events|epollemu.Err, true, 0
	}
}

// same compares the errors of an operation.
func (c *comparison) same(operation string, s *comparedSlot, kernel, ours error) {
	c.t.Helper()
	var want, got syscall.Errno
	errors.As(kernel, &want)
	errors.As(ours, &got)
	if want != got {
		c.t.Errorf("%s %d: %v, the kernel returns %v\n%v", operation, s.fd, ours, kernel, c.trace)
	}
}

func (c *comparison) closePeer(s *comparedSlot) {
	if s.peer >= 0 {
		must(c.t, unix.Close(s.peer))
		s.peer = -1
	}
}

func (c *comparison) closeNumber(s *comparedSlot) {
	c.note("close %d", s.fd)
	if s.open {
		must(c.t, unix.Close(s.fd))
		s.open, s.events = false, 0
	}
}

// duplicate closes the number while the file stays open. Linux keeps reporting it, and the
// emulation does not, as documented. So the registration is removed first.
func (c *comparison) duplicate(s *comparedSlot) {
	if !s.open {
		return
	}
	c.note("duplicate %d", s.fd)
	other, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 0)
	must(c.t, err)
	s.extra = append(s.extra, other)
	_ = c.control(sys.EpollRemove, s.fd, 0)
	c.closeNumber(s)
}

func (c *comparison) clear(s *comparedSlot) {
	c.closePeer(s)
	c.closeNumber(s)
	for _, fd := range s.extra {
		must(c.t, unix.Close(fd))
	}
	s.extra = nil
}

// reopen gives the number to another file.
func (c *comparison) reopen(s *comparedSlot) {
	c.clear(s)
	kind := c.random.IntN(c.kinds)
	fds := openPair(c.t, kind)
	must(c.t, unix.Dup3(fds[0], s.fd, unix.O_CLOEXEC))
	must(c.t, unix.Close(fds[0]))
	s.peer, s.open, s.terminal = fds[1], true, kind == 4
	c.note("%d is of kind %d", s.fd, kind)
}

// control wraps epoll_ctl(2) of the kernel's epoll.
func (c *comparison) control(operation, fd int, events uint32) error {
	if err := unix.EpollCtl(c.kernel, operation, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		return err
	}
	return nil
}
