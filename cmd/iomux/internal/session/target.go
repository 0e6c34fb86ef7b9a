//go:build unix || windows

package session

import (
	"errors"
	"slices"
	"syscall"
	"time"
)

// target is a source during the wait.
type target struct {
	source
	session  *session
	index    int
	fd       int          // -1 for none
	writer   int          // the writing end that holds a FIFO open, -1 for none
	made     bool         // iomux opened fd and closes it
	want     states       // the states to wait for on fd
	edge     bool         // report arrivals only
	consumes bool         // take makes fd unready again
	take     func(states) // called when fd is ready
	due      time.Time    // the time to call later
	later    func()       // nil for none
	attempts []*attempt   // not yet started
	racing   []*attempt   // running
	looking  []*lookup    // running
	refusals []error      // of the attempts that have failed
	refusal  error        // of the last time that all attempts failed
	exists   bool         // the name of exists: existed at the last look
}

// open begins to wait for the source. A failure is a finding, like a source that is ready at once.
func (t *target) open() {
	if t.kind == kindExists || t.kind == kindChange && t.session.Gone {
		t.openExists()
		return
	}
	switch t.kind {
	case kindDescriptor:
		t.openDescriptor()
	case kindPath:
		t.openPath()
	case kindChange:
		t.openChange()
	case kindUnix:
		t.openUnix()
	case kindTimer, kindProcess, kindSignal:
		t.openEvent()
	default:
		t.lookUp()
	}
}

// concerns returns the part of ready that this target waits for. Hang-ups and errors always count.
func (t *target) concerns(ready states) states {
	return ready & (t.want | hangup | faulty)
}

// await begins to wait on the target's descriptor.
func (t *target) await(want states, take func(states)) {
	t.want, t.take = want, take
	t.edge = t.session.Follow && t.session.waiter.hasEdges() && !t.consumes
	err := t.session.watch(t)
	switch {
	case errors.Is(err, errAlwaysReady):
		t.reportAlways()
	case err != nil:
		t.fail(err)
	}
}

// awaitReading waits for data and for the end of the stream.
func (t *target) awaitReading() { t.await(readable|readHangup, t.reportReady) }

// reportAlways reports a file that the kernel cannot wait on. It is always ready, so the target
// ends.
func (t *target) reportAlways() {
	ready := t.want & (readable | writable)
	if ready == 0 {
		t.fail(errors.New("a file never has urgent data: leave out the p"))
		return
	}
	t.session.found = append(t.session.found, finding{t, t.newReport(ready)})
	t.end()
}

// reportReady reports the states of the descriptor.
func (t *target) reportReady(ready states) {
	r := t.newReport(ready)
	if ready&faulty != 0 && t.isConnection() {
		r.err = pendingError(t.fd)
	}
	t.report(r)
}

func (t *target) isConnection() bool { return t.kind == kindTCP || t.kind == kindUnix }

func (t *target) newReport(ready states) report {
	r := report{source: t.text, ready: ready, fd: -1, bytes: -1, elapsed: time.Since(t.session.start)}
	if t.kind == kindDescriptor {
		r.fd = t.fd
	}
	return r
}

// report adds r to the findings. The target ends, unless the session follows it and more reports
// can come.
func (t *target) report(r report) {
	s := t.session
	s.found = append(s.found, finding{t, r})
	switch {
	case !s.Follow || r.ready&(hangup|readHangup|faulty|exited) != 0:
		t.end()
	case t.take != nil && !t.edge && !t.consumes:
		t.rest()
	}
}

// rest pauses the wait for the source.
func (t *target) rest() {
	t.session.unwatch(t)
	t.after(pause, func() { t.await(t.want, t.take) })
}

func (t *target) after(d time.Duration, later func()) {
	t.due, t.later = time.Now().Add(d), later
}

// fail reports that the source cannot become ready, because of err.
func (t *target) fail(err error) {
	r := t.newReport(0)
	r.err, r.failed = err, true
	t.session.failures++
	t.session.found = append(t.session.found, finding{t, r})
	t.end()
}

// end removes the target from the session.
func (t *target) end() {
	t.release()
	s := t.session
	s.targets = slices.DeleteFunc(s.targets, func(other *target) bool { return other == t })
}

// ended reports whether the target was removed.
func (t *target) ended() bool { return !slices.Contains(t.session.targets, t) }

// release ends all waits of the target, and closes its descriptor.
func (t *target) release() {
	t.later = nil
	t.stopAll()
	_ = t.session.waiter.drop(key{-1, t}) // a timer, a signal, a process or a path
	if t.fd < 0 {
		return
	}
	t.session.unwatch(t)
	t.closeWriter()
	if t.made {
		_ = closeFD(t.fd) // nothing was written to it
	}
	t.fd = -1
}

// advice returns a way to avoid the failure, or "".
func (t *target) advice(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return ": raise the limit of descriptors with ulimit -n"
	case t.refusal != nil && t.session.Retry == 0 && !t.session.Gone:
		return " (--retry 1s would try again)"
	}
	return ""
}
