//go:build unix || windows

package iomux_test

import (
	"context"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

// The Poller opens a descriptor that gets the number of a closed source. It is not mistaken for the
// source.
func TestNumberBecomesOurOwn(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		var fds []int
		var registrations []*iomux.Registration[int]
		for range 8 {
			fd, _ := suite.Pipe(t)
			fds = append(fds, fd)
			registrations = append(registrations, register(t, p, fd, iomux.Readable))
		}
		for _, fd := range fds {
			suite.Close(t, fd)
		}
		var events [8]iomux.Event[int]
		// The first sleep makes the descriptors that sleeping needs.
		for _, timeout := range []time.Duration{time.Millisecond, 3 * time.Millisecond, quiet} {
			if n, err := p.WaitTimeout(events[:], timeout); n != 0 || err != nil {
				t.Fatalf("events are %+v, %v", events[:n], err)
			}
		}
		for _, r := range registrations {
			if err := r.Modify(iomux.Writable); err == nil {
				t.Error("Modify of a closed source succeeded")
			}
			must(t, r.Unregister())
		}
		done := make(chan error)
		go func() {
			_, err := p.Wait(context.Background(), events[:])
			done <- err
		}()
		time.Sleep(quiet)
		must(t, p.Wake())
		must(t, <-done)
	})
}

// Register refuses a closed number that the Poller now uses itself.
func TestNumberThatANewPollerTook(t *testing.T) {
	for name, opts := range backends() {
		t.Run(name, func(t *testing.T) {
			var fds []int
			for range 4 {
				fd, w := suite.Pipe(t)
				fds = append(fds, fd, w)
			}
			for _, fd := range fds {
				suite.Close(t, fd)
			}
			p := poller(t, opts)
			for _, fd := range fds {
				if _, err := p.RegisterFD(fd, iomux.Readable, 0); err == nil {
					t.Errorf("descriptor %d of the Poller was registered", fd)
				}
			}
			must(t, p.Wake())
			expectNothing(t, p)
			expectBlocks(t, p)
		})
	}
}
