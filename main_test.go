package iomux_test

import (
	"testing"

	"iomux"
	"iomux/internal/leak"
)

func TestMain(m *testing.M) {
	leak.Main(m, func() {
		// The process's alarm of package epoll is made with the first poller and kept.
		if p, err := iomux.New[int](); err == nil {
			_ = p.Close()
		}
	})
}
