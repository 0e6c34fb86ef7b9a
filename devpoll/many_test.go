//go:build unix

package devpoll_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/devpoll"
	"iomux/internal/test/suite"
)

func TestLongListReportsAllAtOnce(t *testing.T) {
	const descriptors = 3000
	suite.Limit(t, descriptors+500)
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		for range descriptors {
			twin := suite.Duplicate(t, r, 0)
			t.Cleanup(func() { must(t, unix.Close(twin)) })
			must(t, poller.Register(twin, devpoll.In))
		}
		n, err := poller.Poll(make([]devpoll.Event, 2*descriptors), 0)
		must(t, err)
		if n != descriptors {
			t.Errorf("%d descriptors were reported, want %d", n, descriptors)
		}
	})
}
