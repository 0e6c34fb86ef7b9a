//go:build unix || windows

package session

import (
	"errors"
	"slices"
	"time"
)

// target is a source while it is waited for.
type target struct {
	source
	session  *session
	index    int
	fd       int          // -1 while there is none
	writer   int          // holds a FIFO open, -1 for none
	made     bool         // fd was opened here, and is closed here
	want     states       // what is awaited on fd now
	edge     bool         // arrivals only
	consumes bool         // take makes fd unready again
	take     func(states) // what to do when fd is ready
	due      time.Time    // when to call later
	later    func()       // nil for nothing to do
	attempts []*attempt   // ways to connect that were not tried yet
	racing   []*attempt   // attempts to connect that run
	looking  bool         // a lookup runs
	refusals []error      // why the others failed
	refusal  error        // why all failed, the last time
	exists   bool         // the name of exists: existed at the last look
}

// open begins to wait for the source. What goes wrong is found at once, as what is ready at once is.
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

// concerns is the part of ready that this target asked for, or cannot help hearing.
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

// awaitReading waits for data, and for the end of them.
func (t *target) awaitReading() { t.await(readable|readHangup, t.reportReady) }

// reportAlways reports what the kernel has no waiting for. It is ready once and for all: nothing will arrive.
func (t *target) reportAlways() {
	ready := t.want & (readable | writable)
	if ready == 0 {
		t.fail(errors.New("it never has urgent data"))
		return
	}
	t.session.found = append(t.session.found, finding{t, t.newReport(ready)})
	t.end()
}

// reportReady reports what the mechanism said.
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

// report keeps r for telling. The target is done with, unless it is followed and something can follow.
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

// rest leaves the source alone for a while, and then waits as before.
func (t *target) rest() {
	t.session.unwatch(t)
	t.after(pause, func() { t.await(t.want, t.take) })
}

func (t *target) after(d time.Duration, later func()) {
	t.due, t.later = time.Now().Add(d), later
}

// fail tells why the source cannot become ready.
func (t *target) fail(err error) {
	r := t.newReport(0)
	r.err, r.failed = err, true
	t.session.failures++
	t.session.found = append(t.session.found, finding{t, r})
	t.end()
}

// end is the end of the target: it can become ready no more.
func (t *target) end() {
	t.release()
	s := t.session
	s.targets = slices.DeleteFunc(s.targets, func(other *target) bool { return other == t })
}

// ended reports whether the target can become ready no more.
func (t *target) ended() bool { return !slices.Contains(t.session.targets, t) }

// release gives the descriptor up.
func (t *target) release() {
	t.later = nil
	t.stopAll()
	_ = t.session.waiter.drop(key{-1, t}) // which was watched, if it has no descriptor
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

// advice is what can be done about a failure.
func (t *target) advice() string {
	if t.refusal != nil && t.session.Retry == 0 && !t.session.Gone {
		return " (--retry 1s would try again)"
	}
	return ""
}
