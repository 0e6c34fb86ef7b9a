//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// occasion is an event of one filter.
type occasion struct {
	name   string
	add    kqueue.Event
	happen func(queue *kqueue.Queue)
}

// occasions returns one of each filter.
func occasions(t *testing.T) []occasion {
	t.Helper()
	r, w := suite.Pipe(t)
	path, file := newFile(t, 0)
	c := startChild(t, 0)
	caught(t, unix.SIGUSR1)
	nothing := func(*kqueue.Queue) {}
	return []occasion{
		{"Read", change(r, kqueue.FilterRead, kqueue.EvAdd), func(*kqueue.Queue) { suite.Write(t, w) }},
		{"Write", change(w, kqueue.FilterWrite, kqueue.EvAdd), nothing},
		{"Vnode", noted(file, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteAttrib, 0), func(*kqueue.Queue) {
			must(t, os.Chmod(path, 0o600))
		}},
		{"Proc", watchExit(c.pid()), func(*kqueue.Queue) { c.exit(t) }},
		{"Signal", change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvAdd), func(*kqueue.Queue) { send(t, unix.SIGUSR1) }},
		{"Timer", timer(1, 0, 0, 1), nothing},
		{"User", change(1, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvClear), func(queue *kqueue.Queue) {
			apply(t, queue, trigger(0, 0))
		}},
	}
}

// pending returns a queue in which the occasion is pending.
func (o occasion) pending(t *testing.T) *kqueue.Queue {
	t.Helper()
	needs(t, o.add)
	queue := newQueue(t)
	apply(t, queue, o.add)
	o.happen(queue)
	for end := time.Now().Add(soon); !readable(t, queue.FD()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is pending")
		}
	}
	return queue
}

func TestDeletingAndDisablingDropPendingEvents(t *testing.T) {
	for _, flag := range []kqueue.Flags{kqueue.EvDelete, kqueue.EvDisable} {
		for _, o := range occasions(t) {
			t.Run(fmt.Sprintf("%s/%v", o.name, flag), func(t *testing.T) {
				queue, again := o.pending(t), o.add
				again.Flags = flag
				apply(t, queue, again)
				none(t, queue)
				if flag == kqueue.EvDelete { // the process may no longer exist
					fails(t, queue, again, unix.ENOENT, unix.ESRCH)
				}
			})
		}
	}
}

// TestUdataOfPendingEventsIsReplaced adds a registration again while its event is pending.
func TestUdataOfPendingEventsIsReplaced(t *testing.T) {
	for _, o := range occasions(t) {
		t.Run(o.name, func(t *testing.T) {
			if o.name == "Proc" {
				t.Skip("systems differ in whether a process that has ended can be registered again")
			}
			if o.name == "User" && runtime.GOOS == "dragonfly" {
				t.Skip("DragonFly keeps the old udata of FilterUser (kqueue_register)")
			}
			other := o.add
			other.Udata = 1
			first := o
			first.add = other
			queue := first.pending(t)
			again := o.add
			if o.name == "User" {
				again.Flags = 0 // EvClear would undo the trigger
			}
			apply(t, queue, again)
			one(t, queue, int(o.add.Ident), o.add.Filter)
		})
	}
}
