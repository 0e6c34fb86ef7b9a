//go:build freebsd || netbsd

package kqueue_test

import (
	"testing"
	"time"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

func TestEmptySendBufferIsReported(t *testing.T) {
	fd, peer := suite.TCPPair(t)
	queue := newQueue(t)
	empty := change(fd, kqueue.FilterEmpty, kqueue.EvAdd)
	apply(t, queue, empty)
	one(t, queue, fd, kqueue.FilterEmpty)
	suite.Fill(t, fd)
	none(t, queue)
	for limit := time.Now().Add(soon); len(wait(t, queue, 8, quiet)) == 0; {
		suite.Drain(t, peer)
		if time.Now().After(limit) {
			t.Fatal("the peer has read everything, and there is no event")
		}
	}
	if event := one(t, queue, fd, kqueue.FilterEmpty); event.Data != 0 {
		t.Errorf("event is %v, want no bytes to send", event)
	}
}
