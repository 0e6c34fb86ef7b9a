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

// Poller is a list of descriptors that each Poll passes to poll(2). It is the polling object of
// Python's module select. It has no descriptor of its own, so there is nothing to close. The zero
// value is an empty Poller.
//
// A Poller is safe for concurrent use. A change during a Poll takes effect in the next Poll.
type Poller struct {
	mu    sync.Mutex
	fds   []FD          // in order of registration, with holes of unregistered ones
	index map[int32]int // of a descriptor in fds
	next  int           // index in fds of the first descriptor that the next Poll reports
	round int           // index of the first descriptor registered after this round began
	spare [][]FD        // unused lists, one for each concurrent wait
}

func errNoRoom() error {
	return fmt.Errorf("%w: no room for events", os.NewSyscallError("poll", syscall.EINVAL))
}

// hole replaces an unregistered descriptor in the list. poll(2) ignores negative numbers.
const hole = -1

// New returns an empty Poller.
func New() *Poller { return new(Poller) }

// Len returns the number of registered descriptors.
func (p *Poller) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.index)
}

// Register adds fd to the list. If fd is registered, Register replaces its events, and fd keeps its
// place. Register does not check whether fd is open. The next Poll reports a closed one as Nval.
//
// Register returns EBADF if fd is negative or too large for a descriptor, and errors.ErrUnsupported
// for an event that the system does not have.
func (p *Poller) Register(fd int, events Events) error {
	number, err := toNumber(fd, events)
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
// Modify returns ENOENT if fd is not registered, and the errors of Register.
func (p *Poller) Modify(fd int, events Events) error {
	number, err := toNumber(fd, events)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.index[number]
	if !ok {
		return sys.NewError("poll", fd, syscall.ENOENT, "not registered: use Register")
	}
	p.fds[i].Events = events
	return nil
}

// Unregister removes fd from the list. fd may be closed.
//
// Unregister returns ErrNotRegistered if fd is not registered.
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

// fillHoles removes the holes from the list, and keeps the order.
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

// Poll wraps poll(2). It waits until a registered descriptor is ready or the timeout expires. It
// stores the ready events in events, in order of registration, and returns their number, which is 0
// after a timeout. If events has too little room, the next Poll begins with the remaining
// descriptors, so that each of them has its turn. Descriptors registered in between come last.
//
// A negative timeout blocks, and 0 does not wait. A timeout is never shortened. If a signal
// interrupts the call (EINTR), it waits again for the remaining time. A blocked Poll returns only
// when a registered descriptor is ready. Use PollContext to be able to cancel it. Poll does not
// allocate, except to grow its lists.
//
// Poll returns these errors:
//
//   - EINVAL if events is empty, or if there are more registered descriptors than the system
//     accepts
//   - ENOMEM
//   - errors.ErrUnsupported on Windows for a handle that is not a socket
func (p *Poller) Poll(events []Event, timeout time.Duration) (n int, err error) {
	return p.PollContext(context.Background(), events, timeout)
}

// PollContext is like Poll, and also returns if ctx is done, as WaitContext does. It returns the
// errors of Poll and of WaitContext.
func (p *Poller) PollContext(ctx context.Context, events []Event, timeout time.Duration) (n int, err error) {
	if len(events) == 0 {
		return 0, errNoRoom()
	}
	fds, next, round := p.take()
	ready, err := waitContext(ctx, fds, timeout)
	if err == nil {
		n, next, round = collect(events, fds, ready, next, round)
	}
	p.giveBack(fds, next, round)
	return n, err
}

// take copies the list for a wait, during which the list can change.
func (p *Poller) take() (fds []FD, next, round int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fds) != len(p.index) {
		p.fillHoles() // the kernel would count holes as entries
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

// collect writes the ready entries of fds to events: first from next to the end of the round, then
// from the beginning, and then new ones. It returns the index at which it stopped, which is 0 if
// events had room for all, and the end of the round of that index.
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

// toNumber checks fd and events, and returns fd as an int32.
func toNumber(fd int, events Events) (int32, error) {
	if fd < 0 || fd > math.MaxInt32 {
		return 0, sys.NewError("poll", fd, syscall.EBADF, "not a descriptor number")
	}
	return int32(fd), checkEvents(fd, events)
}
