//go:build linux

package kqueue_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// TestQueueReusesARegisteredNumber closes a registered descriptor, whose number the queue itself
// then uses. Changes of the old registration must not affect the queue's descriptor.
func TestQueueReusesARegisteredNumber(t *testing.T) {
	for name, test := range map[string]struct {
		take  func(t *testing.T, queue *kqueue.Queue, socket int)
		works func(t *testing.T, queue *kqueue.Queue, socket int)
	}{
		"SecondEpoll": {
			func(t *testing.T, queue *kqueue.Queue, socket int) {
				apply(t, queue, change(socket, kqueue.FilterRead, kqueue.EvAdd), change(socket, kqueue.FilterWrite, kqueue.EvAdd))
			},
			func(t *testing.T, queue *kqueue.Queue, socket int) { one(t, queue, socket, kqueue.FilterWrite) },
		},
		"Timer": {
			func(t *testing.T, queue *kqueue.Queue, _ int) { apply(t, queue, timer(1, 0, 0, 1)) },
			func(t *testing.T, queue *kqueue.Queue, _ int) { one(t, queue, 1, kqueue.FilterTimer) },
		},
		"TimerOfAnotherClock": {
			func(t *testing.T, queue *kqueue.Queue, _ int) {
				apply(t, queue, timer(1, 0, 0, 1), timer(1, kqueue.EvOneShot, kqueue.NoteAbsTime, 1))
			},
			func(t *testing.T, queue *kqueue.Queue, _ int) { one(t, queue, 1, kqueue.FilterTimer) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			queue := newQueue(t)
			socket, _ := suite.SocketPair(t, unix.SOCK_STREAM)
			var closed []int
			for range 4 { // each of them may be the next number
				r, w := suite.Pipe(t)
				apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd))
				closed = append(closed, r)
				suite.Close(t, w)
			}
			for _, fd := range closed {
				suite.Close(t, fd)
			}
			test.take(t, queue, socket)
			for _, fd := range closed {
				fails(t, queue, change(fd, kqueue.FilterRead, kqueue.EvEnable), unix.EBADF, unix.ENOENT)
				fails(t, queue, change(fd, kqueue.FilterRead, kqueue.EvDelete), unix.EBADF, unix.ENOENT)
			}
			test.works(t, queue, socket)
		})
	}
}
