package backend

import (
	"errors"
	"os"
	"syscall"
	"time"

	"iomux/epoll"
	"iomux/internal/afd"
)

// afdBackend is the Ancillary Function Driver of Windows with a completion port. It supports
// sockets only.
type afdBackend struct {
	driver  afd.Poller
	sleeper sleeper
}

// NewAFD returns the backend of the Ancillary Function Driver.
func NewAFD() (Backend, error) {
	b := new(afdBackend)
	b.sleeper.signal = afdSignal{&b.driver}
	if err := b.driver.Open(); err != nil {
		return nil, err
	}
	return b, nil
}

// afdSignal is a packet in the completion port. Package afd counts and drops it.
type afdSignal struct{ driver *afd.Poller }

func (s afdSignal) Wake() error {
	s.driver.Wake()
	return nil
}

func (afdSignal) Clear() error { return nil }

func (afdSignal) Pass() {}

func (*afdBackend) Traits() Traits { return Traits{Exact: true, Live: true, OneShot: true, Late: true} }

// Supports relies on the conditions having the same numbers in package afd.
func (*afdBackend) Supports(interest Interest) bool { return interest&^(Conditions|OneShot) == 0 }

func (b *afdBackend) Add(fd int, interest Interest, tag uint32) error {
	return afdFailure(b.driver.Register(fd, afd.Events(interest), uint64(tag)))
}

func (b *afdBackend) Modify(fd int, _, interest Interest, tag uint32) error {
	return afdFailure(b.driver.Modify(fd, afd.Events(interest), uint64(tag)))
}

func (b *afdBackend) Remove(fd int, _ Interest) bool { return b.driver.Unregister(fd) == nil }

// Forget does nothing, because the driver drops closed sockets.
func (*afdBackend) Forget(int, Interest) {}

func afdFailure(err error) error {
	switch {
	case err == syscall.EEXIST:
		return ErrRegistered
	case err == syscall.EBADF, err == syscall.ENOENT:
		return ErrNotOpen
	case err == os.ErrClosed:
		return ErrClosed
	case errors.Is(err, afd.ErrNotSocket):
		return errNotSocket()
	}
	return err
}

func (b *afdBackend) Look(batch *Batch) error { return b.wait(batch, 0) }

func (b *afdBackend) Sleep(batch *Batch, timeout time.Duration, owner Owner) error {
	batch.N = 0
	defer b.sleeper.leave()
	if !b.sleeper.enter(owner) {
		return nil
	}
	return b.wait(batch, timeout)
}

func (b *afdBackend) wait(batch *Batch, timeout time.Duration) error {
	batch.N = 0
	_, err := b.driver.Wait(batch.Room, timeout, func(ready afd.Ready) {
		batch.add(epoll.Event{Events: epoll.Events(ready.Events), FD: int32(ready.Socket), Tag: uint32(ready.Tag)})
	})
	return err
}

func (b *afdBackend) Wake() { b.sleeper.wake() }

func (b *afdBackend) Close() error { return b.driver.Close() }
