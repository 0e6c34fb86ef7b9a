//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package kqueue_test

import (
	"errors"
	"os"
	"testing"

	"iomux/kqueue"
)

func TestThereIsNoQueue(t *testing.T) {
	if _, err := kqueue.New(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("New: %v", err)
	}
	if _, err := kqueue.FromFD(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FromFD: %v", err)
	}
	var queue kqueue.Queue
	if _, err := queue.Control(nil, make([]kqueue.Event, 1), -1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Control: %v", err)
	}
	if err := queue.Close(); !errors.Is(err, os.ErrClosed) || queue.FD() != -1 {
		t.Errorf("Close: %v, FD: %d", err, queue.FD())
	}
}
