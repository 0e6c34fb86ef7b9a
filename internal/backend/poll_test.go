//go:build unix || windows

package backend

import (
	"syscall"
	"testing"

	"iomux/internal/test/suite"
	"iomux/poll"
)

// changingList calls during before it changes an entry, and fails with err.
type changingList struct {
	pollList
	during func()
	err    error
}

func (l *changingList) Register(fd int, events poll.Events) error {
	l.during()
	if l.err != nil {
		return l.err
	}
	return l.pollList.Register(fd, events)
}

// A wait that reads the new tag finds the new entry as well.
func TestModifyPublishesTheTagAfterTheEntry(t *testing.T) {
	list := &changingList{pollList: poll.New(), during: func() {}}
	b, err := newPoll(list, false)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	const before, after = 3, 4
	b.newest.Store(before)
	list.during = func() {
		if tag := b.newest.Load(); tag != before {
			t.Errorf("the tag is %d before the entry has changed, want %d", tag, before)
		}
	}
	fd, _ := suite.Pipe(t)
	for _, test := range []struct {
		err error
		tag uint32
	}{{syscall.ENOMEM, before}, {nil, after}} {
		list.err = test.err
		if err := b.Modify(fd, 0, Readable, after); err != test.err {
			t.Errorf("Modify: %v, want %v", err, test.err)
		}
		if tag := b.newest.Load(); tag != test.tag {
			t.Errorf("after %v the tag is %d, want %d", test.err, tag, test.tag)
		}
	}
}
