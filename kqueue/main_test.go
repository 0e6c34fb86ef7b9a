//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"os"
	"testing"

	"iomux/internal/test/leak"
	"iomux/kqueue"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		beChild(task)
	}
	// Some systems make a descriptor for the whole process with the first queue, and keep it.
	if queue, err := kqueue.New(); err == nil {
		_ = queue.Close()
	}
	leak.Main(m)
}
