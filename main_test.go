package iomux_test

import (
	"os"
	"testing"
	"time"

	"iomux/internal/test/leak"
)

// role is the name of an environment variable that makes this program a child of its tests.
const role = "IOMUX_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "exit 0":
	case "exit 3":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Minute)
	default:
		leak.Main(m)
	}
}
