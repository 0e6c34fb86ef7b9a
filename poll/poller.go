package poll

import (
	"context"
	"fmt"
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"iomux/internal/sys"
)

// Poller is a list of descriptors that poll(2) is given at each Poll, a polling object of Python's module select. It holds no descriptor of
// its own, so there is nothing to close. Its methods may be called from several goroutines at once; changes that are made
// while a Poll waits count from the next Poll on. The zero value is ready for use.
type Poller struct {
	mu    sync.Mutex
	fds   []FD          // in order of registration; unregistered ones stay as holes until there are too many
	index map[int32]int // of a descriptor in fds
	next  int           // index in fds at which the next Poll begins to hand out
	round int           // index behind those whose turns these are: what was registered since they began comes last
	spare [][]FD        // lists that waits have used, one for each that waited at the same time
}

var errNoRoom = fmt.Errorf("%w: no room for events", os.NewSyscallError("poll", syscall.EINVAL))

// hole is a place in the list whose descriptor was unregistered: poll(2) passes negative numbers over.
const hole = -1

// New makes an empty Poller. It cannot fail.
func New() *Poller { return new(Poller) }

// Len is the number of registered descriptors.
func (p *Poller) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.index)
}

// Register adds fd to the list that poll(2) is given. Registering it again replaces its events, and it keeps its place.
// Whether fd is open shows at the next Poll, which reports Nval for a closed one.
//
// Errors: EBADF where fd is no number of a descriptor, errors.ErrUnsupported for an event that the system does not have.
func (p *Poller) Register(fd int, events Events) error {
	number, err := check(fd, events)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, ok := p.index[number]; ok {
		p.fds[i].Events = events
		return nil
	}
	if p.index == nil {
		p.index = make(map[int32]int)
	}
	p.index[number] = len(p.fds)
	p.fds = append(p.fds, FD{FD: number, Events: events})
	return nil
}

// Modify replaces the events of a registered descriptor, which keeps its place in the list.
//
// Errors: ENOENT where fd is not registered, EBADF where it is no number of a descriptor, errors.ErrUnsupported for an event that the system does not have.
func (p *Poller) Modify(fd int, events Events) error {
	number, err := check(fd, events)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.index[number]
	if !ok {
		return &sys.Error{Call: "poll", FD: fd, Err: syscall.ENOENT, Advice: "not registered: use Register"}
	}
	p.fds[i].Events = events
	return nil
}

// Unregister takes fd out of the list, whether it is still open or not.
//
// Errors: ErrNotRegistered where fd is not registered.
func (p *Poller) Unregister(fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.index[int32(fd)]
	if !ok || int(int32(fd)) != fd {
		return fmt.Errorf("%w: %d", ErrNotRegistered, fd)
	}
	delete(p.index, int32(fd))
	p.fds[i] = FD{FD: hole}
	if len(p.fds) > 2*len(p.index)+16 {
		p.fillHoles()
	}
	return nil
}

// fillHoles moves the registered descriptors together, in their order.
func (p *Poller) fillHoles() {
	kept, next, round := 0, 0, 0
	for i, fd := range p.fds {
		if i == p.next {
			next = kept
		}
		if i == p.round {
			round = kept
		}
		if fd.FD != hole {
			p.index[fd.FD] = kept
			p.fds[kept] = fd
			kept++
		}
	}
	if p.round >= len(p.fds) {
		round = kept
	}
	p.fds, p.next, p.round = p.fds[:kept], next, round
}

// Poll wraps poll(2): it waits until a registered descriptor is ready or the timeout has passed, and fills events in order
// of registration. It returns their number, 0 after a timeout. Where there are more than find room in events, the next Poll
// begins with those that were left out, so that all have their turn; what is registered meanwhile has it after them.
//
// A negative timeout blocks, zero does not wait, any other is never shortened. Interruptions by signals (EINTR) are waited
// through. Nothing can end a blocked Poll but a registered descriptor; use PollContext to have more. Once warm, a Poll does not
// allocate.
//
// Errors: EINVAL for an empty events, and for more registrations than the process may have descriptors (RLIMIT_NOFILE);
// ENOMEM; errors.ErrUnsupported on Windows for what is no socket.
func (p *Poller) Poll(events []Event, timeout time.Duration) (n int, err error) {
	return p.PollContext(context.Background(), events, timeout)
}

// PollContext is Poll, poll(2), that the end of ctx ends, too, as it does WaitContext.
//
// Errors: those of Poll and of WaitContext.
func (p *Poller) PollContext(ctx context.Context, events []Event, timeout time.Duration) (n int, err error) {
	if len(events) == 0 {
		return 0, errNoRoom
	}
	fds, next, round := p.take()
	ready, err := waitContext(ctx, fds, timeout)
	if err == nil {
		n, next, round = collect(events, fds, ready, next, round)
	}
	p.giveBack(fds, next, round)
	return n, err
}

// take copies the list, so that it can be changed while the copy is waited on.
func (p *Poller) take() (fds []FD, next, round int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fds) != len(p.index) {
		p.fillHoles() // the kernel counts them
	}
	if last := len(p.spare) - 1; last >= 0 {
		fds, p.spare = p.spare[last], p.spare[:last]
	}
	return append(fds[:0], p.fds...), p.next, p.round
}

func (p *Poller) giveBack(fds []FD, next, round int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spare = append(p.spare, fds)
	p.next, p.round = next, round
}

// collect fills events with the ready ones of fds: from next to the end of the round, then from the beginning, and at last those
// that are new. It returns where it had to stop, 0 if it did not, and where the round ends to which that belongs.
func collect(events []Event, fds []FD, ready, next, round int) (n, stopped, ends int) {
	round = min(round, len(fds))
	next = min(next, round)
	for turn, part := range [...][]FD{fds[next:round], fds[:next], fds[round:]} {
		for i := range part {
			switch {
			case n == ready:
				return n, 0, 0
			case part[i].Revents == 0:
				continue
			case n < len(events):
				events[n] = Event{FD: int(part[i].FD), Events: part[i].Revents}
				n++
				continue
			case turn == 0:
				return n, next + i, round
			case turn == 1:
				return n, i, len(fds)
			default:
				return n, round + i, len(fds)
			}
		}
	}
	return n, 0, 0
}

func check(fd int, events Events) (int32, error) {
	if fd < 0 || fd > math.MaxInt32 {
		return 0, &sys.Error{Call: "poll", FD: fd, Err: syscall.EBADF, Advice: "no number of a descriptor"}
	}
	if events&absent != 0 {
		return 0, errAbsent(fd)
	}
	return int32(fd), nil
}
