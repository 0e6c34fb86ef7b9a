package iomux

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/afd"
)

// afdBackend is the Ancillary Function Driver of Windows, and a completion port. It knows sockets only.
type afdBackend struct {
	driver   afd.Poller
	sleeping atomic.Bool
}

func newAFDBackend() (*afdBackend, error) {
	b := new(afdBackend)
	if err := b.driver.Open(); err != nil {
		return nil, err
	}
	return b, nil
}

func (*afdBackend) traits() traits { return traits{exact: true, live: true, oneShot: true, late: true} }

// supports is told from the numbers of the conditions, which the driver's package has, too.
func (*afdBackend) supports(interest Interest) bool { return interest&^(conditions|OneShot) == 0 }

func (b *afdBackend) add(fd int, interest Interest, tag uint32) error {
	return b.explain(fd, b.driver.Register(fd, afd.Events(interest), uint64(tag)))
}

func (b *afdBackend) modify(fd int, _, interest Interest, tag uint32) error {
	return b.explain(fd, b.driver.Modify(fd, afd.Events(interest), uint64(tag)))
}

func (b *afdBackend) remove(fd int, _ Interest) error { return b.driver.Unregister(fd) }

// forget has nothing to do: what was closed has left.
func (*afdBackend) forget(int, Interest) {}

func (*afdBackend) explain(fd int, err error) error {
	switch {
	case err == syscall.EEXIST:
		return errRegistered(fd)
	case err == syscall.EBADF, err == syscall.ENOENT:
		return errNotOpen(fd)
	case err == os.ErrClosed:
		return errClosed
	case errors.Is(err, afd.ErrNotSocket):
		return errNotSocket(fd)
	}
	return err
}

func errNotSocket(fd int) error {
	return fmt.Errorf("%w: handle %d: %w", ErrNotPollable, fd, afd.ErrNotSocket)
}

func (b *afdBackend) look(all *batch) error { return b.wait(all, 0) }

func (b *afdBackend) sleep(all *batch, left time.Duration, ready func() bool) error {
	b.sleeping.Store(true)
	defer b.sleeping.Store(false)
	if !ready() {
		all.n = 0
		return nil
	}
	return b.wait(all, left)
}

func (b *afdBackend) wait(all *batch, left time.Duration) error {
	all.n = 0
	_, err := b.driver.Wait(all.room, left, func(ready afd.Ready) {
		all.events[all.n] = epoll.Event{Events: epoll.Events(ready.Events), FD: int32(ready.Socket), Tag: uint32(ready.Tag)}
		all.n++
	})
	return err
}

func (b *afdBackend) wake() {
	if b.sleeping.Load() {
		b.driver.Wake()
	}
}

func (b *afdBackend) close() error { return b.driver.Close() }
