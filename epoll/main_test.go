package epoll_test

import (
	"testing"

	"iomux/epoll"
	"iomux/internal/leak"
)

func TestMain(m *testing.M) {
	leak.Main(m, func() {
		// The process's alarm is made with the first poller and kept.
		if poller, err := epoll.New(); err == nil {
			_ = poller.Close()
		}
	})
}
