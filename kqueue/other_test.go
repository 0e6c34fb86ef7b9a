//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package kqueue_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"iomux/kqueue"
)

func TestThereIsNoQueue(t *testing.T) {
	want := "on " + runtime.GOOS + ": use iomux.Poller or package epoll"
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		want = "on " + runtime.GOOS
	}
	if _, err := kqueue.New(); !errors.Is(err, errors.ErrUnsupported) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("New: %v, want errors.ErrUnsupported %s", err, want)
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
