package iomux

import (
	"os"
	"strconv"
	"strings"

	"iomux/internal/sys"
)

func epollLimits() Limits {
	limits := Limits{Descriptors: maxDescriptors(), Resolution: sys.EpollResolution()}
	// Without /proc the limit stays unknown, which zero says.
	if text, err := os.ReadFile("/proc/sys/fs/epoll/max_user_watches"); err == nil {
		limits.Watches, _ = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	}
	return limits
}
