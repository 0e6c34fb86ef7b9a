package measure

import (
	"fmt"
	"syscall"
	"time"
)

// ring is a ring of n pipes. A byte read from one pipe is written to the next, and from the last
// one to the first. All pipes are empty between two measurements.
type ring struct {
	reads, writes []int
}

// newRing returns a ring of n pipes. If that fails, it returns the error and a smaller ring, which
// leaves some descriptors for everything else.
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

// first returns a ring of the first n pipes. Their descriptors are the lowest, which matters to
// select(2).
func (r *ring) first(n int) *ring { return &ring{r.reads[:n], r.writes[:n]} }

func (r *ring) write(i int) error {
	_, err := tryWrite(r.writes[i], token[:])
	if err != nil {
		return fmt.Errorf("writing to descriptor %d: %w", r.writes[i], err)
	}
	return nil
}

var token [1]byte

// read reads one byte, and reports whether there was one.
func (r *ring) read(i int, buffer []byte) (bool, error) {
	n, err := tryRead(r.reads[i], buffer[:1])
	if err != nil && err != syscall.EAGAIN {
		return false, fmt.Errorf("reading from descriptor %d: %w", r.reads[i], err)
	}
	return n == 1, nil
}

// drain empties all pipes after a failed measurement.
func (r *ring) drain() {
	buffer := make([]byte, 1)
	for i := range r.reads {
		for got := true; got; {
			got, _ = r.read(i, buffer)
		}
	}
}

// look measures the bare wait. Only the last pipe is readable, and each wait has to report it and
// nothing else.
func (r *ring) look(w waiter, waits int) (time.Duration, error) {
	last := len(r.reads) - 1
	if err := r.write(last); err != nil {
		return 0, err
	}
	if _, err := w.wait(-1); err != nil { // data in a socket may take a moment to arrive
		return 0, err
	}
	start := time.Now()
	for range waits {
		ready, err := w.wait(0)
		if err != nil {
			return 0, err
		}
		if len(ready) != 1 || ready[0] != last {
			return 0, fmt.Errorf("waited on %d descriptors, of which %d is ready, but the wait returned %v", last+1, last, ready)
		}
	}
	took := time.Since(start)
	_, err := r.read(last, make([]byte, 1))
	return took, err
}

// turn measures libevent's workload. It writes a byte to each of the active pipes, which are evenly
// spaced. It writes each byte that it reads to the next pipe, and ends after the given number of
// reads. The last reads are not followed by writes, so that all pipes are empty at the end.
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
