//go:build unix || windows

package epoll_test

import (
	"math"
	"testing"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

func TestDataHas64Bits(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	const first = 0x0123456789abcdef
	must(t, poller.RegisterData(r, epoll.In, first))
	if event := one(t, poller); event.Data() != first || event.Events != epoll.In {
		t.Errorf("event is %+v with data %#x, want %#x", event, event.Data(), uint64(first))
	}
	for _, data := range []uint64{0, 1, math.MaxUint64, 1 << 63, 1 << 31, math.MaxUint32, math.MaxUint32 << 32, 1<<32 | uint64(r)} {
		must(t, poller.ModifyData(r, epoll.In, data))
		if event := one(t, poller); event.Data() != data {
			t.Errorf("data is %#x, want %#x", event.Data(), data)
		}
	}
}

// FD and Tag are the halves of Data in either byte order.
func TestDataConsistsOfDescriptorAndTag(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.RegisterTag(r, epoll.In, 0xfedcba98))
	event := one(t, poller)
	must(t, poller.ModifyData(r, epoll.In, event.Data()))
	if again := one(t, poller); again != event || again.FD != int32(r) || again.Tag != 0xfedcba98 {
		t.Errorf("event is %+v, want %+v", again, event)
	}
}
