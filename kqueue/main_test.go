//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"os"
	"testing"

	"iomux/internal/test/leak"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		beChild(task)
	}
	leak.Main(m)
}
