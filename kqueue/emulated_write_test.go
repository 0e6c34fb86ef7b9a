//go:build linux

package kqueue_test

import (
	"testing"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// TestWriteToAPipeReportsTheExactRoom checks Data of FilterWrite.
func TestWriteToAPipeReportsTheExactRoom(t *testing.T) {
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	apply(t, queue, change(w, kqueue.FilterWrite, kqueue.EvAdd))
	all := one(t, queue, w, kqueue.FilterWrite).Data
	write(t, w, 100)
	if event := one(t, queue, w, kqueue.FilterWrite); event.Data != all-100 {
		t.Errorf("event is %v, want %d bytes less than %d", event, 100, all)
	}
	read(t, r, 100)
	if event := one(t, queue, w, kqueue.FilterWrite); event.Data != all {
		t.Errorf("event is %v, want %d bytes", event, all)
	}
}
