//go:build unix || windows

package iomux_test

import (
	"testing"

	"iomux"
	"iomux/internal/test/suite"
)

// byNumber treats a registration whose number belongs to another file as unknown, as mechanisms do
// that identify a source by its number.
type byNumber struct{ *waiter }

func (w byNumber) Unregister(fd int) error {
	r := w.find(fd)
	gone := r.Modify(iomux.Readable)
	if err := r.Unregister(); err != nil {
		return err
	}
	return gone
}

// FuzzOperations runs sequences of operations against a model.
func FuzzOperations(f *testing.F) {
	m := mechanism(f, nil)
	m.New = func() (suite.Waiter, error) {
		w, err := newWaiter()
		return byNumber{w}, err
	}
	suite.Fuzz(f, m)
}

// FuzzOperationsKqueue is FuzzOperations with kqueue.
func FuzzOperationsKqueue(f *testing.F) {
	if !iomux.Kqueue.Available() {
		f.Skip("this system has no kqueue")
	}
	opts := []iomux.Option{iomux.WithMechanism(iomux.Kqueue)}
	m := mechanism(f, opts)
	m.New = func() (suite.Waiter, error) {
		w, err := newWaiter(opts...)
		return byNumber{w}, err
	}
	suite.Fuzz(f, m)
}

// FuzzOperationsPoll is FuzzOperations with poll, whose one-shot mode the Poller emulates.
func FuzzOperationsPoll(f *testing.F) { fuzzByNumber(f, iomux.Poll) }

func FuzzOperationsDevPoll(f *testing.F) { fuzzByNumber(f, iomux.DevPoll) }

func fuzzByNumber(f *testing.F, by iomux.Mechanism) {
	if !by.Available() {
		f.Skip("this system does not have it")
	}
	m := mechanism(f, []iomux.Option{iomux.WithMechanism(by)})
	// A closed and reopened number is not detected, so the model unregisters it first.
	m.ReportsClosed = suite.IsNval
	suite.Fuzz(f, m)
}
