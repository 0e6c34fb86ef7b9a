//go:build unix

package iomux_test

import (
	"errors"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

// A goroutine that sleeps is told of a level although another one, which only looks, is faster.
func TestSleeperIsToldOfWhatAnotherTook(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		var events [1]iomux.Event[int]
		for range 20 {
			done := make(chan error)
			go func() {
				var events [1]iomux.Event[int]
				n, err := p.WaitTimeout(events[:], soon)
				if err == nil && (n != 1 || events[0].Registration != r) {
					err = errors.New("the sleep ended without the event")
				}
				done <- err
			}()
			time.Sleep(2 * time.Millisecond) // it sleeps by now
			suite.Write(t, w)
			_, err := p.WaitTimeout(events[:], 0)
			must(t, err)
			must(t, <-done)
			suite.Drain(t, fd)
		}
	})
}
