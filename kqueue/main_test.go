//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"fmt"
	"os"
	"testing"

	"iomux/internal/test/leak"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		beChild(task)
	}
	if err := leak.Forbidden(); err != nil {
		fmt.Println("all tests are left out:", err)
		return
	}
	leak.Main(m)
}
