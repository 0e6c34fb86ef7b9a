package sys

import (
	"os"
	"strconv"
	"strings"
)

// MaxWatches is fs.epoll.max_user_watches, 0 where there is no /proc to tell it.
func MaxWatches() uint64 {
	text, err := os.ReadFile("/proc/sys/fs/epoll/max_user_watches")
	if err != nil {
		return 0
	}
	watches, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return watches
}
