package iomux_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"iomux"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

func TestLimitsAreReadAtEachCall(t *testing.T) {
	watches := uint64(0)
	if text, err := os.ReadFile("/proc/sys/fs/epoll/max_user_watches"); err == nil {
		watches, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
	}
	suite.Limit(t, 321)
	for m, want := range map[iomux.Mechanism]iomux.Limits{
		iomux.Select:  {Descriptors: 321, Resolution: 1},
		iomux.Poll:    {Descriptors: 321, Entries: 321, Resolution: 1},
		iomux.DevPoll: {Descriptors: 321, Resolution: 1},
		iomux.Kqueue:  {Descriptors: 321, Watches: watches, Resolution: sys.EpollResolution()},
		iomux.Epoll:   {Descriptors: 321, Watches: watches, Resolution: sys.EpollResolution()},
	} {
		if got := m.Limits(); got != want {
			t.Errorf("limits of %v are %+v, want %+v", m, got, want)
		}
	}
}
