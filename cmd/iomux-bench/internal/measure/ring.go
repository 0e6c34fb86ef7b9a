package measure

import (
	"fmt"
	"syscall"
	"time"
)

// ring is n pipes. Who reads a byte from one writes a byte into the next, the last one's next is
// the first. Each is empty between two measurements.
type ring struct {
	reads, writes []int
}

// newRing makes n pipes, or as many as leave room for everything else, with the error that ended
// it.
func newRing(n int) (*ring, error) {
	r := new(ring)
	for range n {
		read, write, err := pair()
		if err != nil {
			fewer := r.first(max(0, len(r.reads)-spare/2))
			(&ring{r.reads[len(fewer.reads):], r.writes[len(fewer.reads):]}).close()
			return fewer, err
		}
		r.reads, r.writes = append(r.reads, read), append(r.writes, write)
	}
	return r, nil
}

func (r *ring) close() {
	for i := range r.reads {
		closeDescriptor(r.reads[i])
		closeDescriptor(r.writes[i])
	}
}

// first is the ring of the first n pipes. Their descriptors are the lowest, which select(2) cares
// about.
func (r *ring) first(n int) *ring { return &ring{r.reads[:n], r.writes[:n]} }

func (r *ring) write(i int) error {
	_, err := tryWrite(r.writes[i], token[:])
	if err != nil {
		return fmt.Errorf("writing to descriptor %d: %w", r.writes[i], err)
	}
	return nil
}

var token [1]byte

// read takes one byte out, and reports whether there was one.
func (r *ring) read(i int, buffer []byte) (bool, error) {
	n, err := tryRead(r.reads[i], buffer[:1])
	if err != nil && err != syscall.EAGAIN {
		return false, fmt.Errorf("reading from descriptor %d: %w", r.reads[i], err)
	}
	return n == 1, nil
}

// drain empties all pipes after a measurement that failed.
func (r *ring) drain() {
	buffer := make([]byte, 1)
	for i := range r.reads {
		for got := true; got; {
			got, _ = r.read(i, buffer)
		}
	}
}

// look measures the bare wait: of all pipes the last is readable, and each of so many waits has to
// tell that and nothing else.
func (r *ring) look(w waiter, waits int) (time.Duration, error) {
	last := len(r.reads) - 1
	if err := r.write(last); err != nil {
		return 0, err
	}
	if _, err := w.wait(-1); err != nil { // what is written to a socket may take a moment
		return 0, err
	}
	start := time.Now()
	for range waits {
		ready, err := w.wait(0)
		if err != nil {
			return 0, err
		}
		if len(ready) != 1 || ready[0] != last {
			return 0, fmt.Errorf("waited on %d descriptors of which %d is ready, and was told of %v", last+1, last, ready)
		}
	}
	took := time.Since(start)
	_, err := r.read(last, make([]byte, 1))
	return took, err
}

// turn measures libevent's workload: active pipes, evenly apart, get a byte each. Whenever one is
// read, one is written into the next pipe, until as many were written as are to be read; those that
// are still on the way are read, too. It counts each byte that is read, and ends when none can be
// left.
func (r *ring) turn(w waiter, active, reads int) (time.Duration, error) {
	n := len(r.reads)
	for i := range active {
		if err := r.write(i * n / active); err != nil {
			return 0, err
		}
	}
	buffer := make([]byte, 1)
	start := time.Now()
	for left, writes := reads, reads-active; left > 0; {
		ready, err := w.wait(-1)
		if err != nil {
			return 0, err
		}
		for _, i := range ready {
			got, err := r.read(i, buffer)
			switch {
			case err != nil:
				return 0, err
			case !got:
				continue
			}
			left--
			if writes > 0 {
				writes--
				if err := r.write((i + 1) % n); err != nil {
					return 0, err
				}
			}
		}
	}
	return time.Since(start), nil
}
