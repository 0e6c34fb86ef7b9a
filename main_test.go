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
	switch name := os.Getenv(role); name {
	case "exit 0":
	case "exit 3":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Minute)
	case "":
		leak.Main(m)
	default:
		os.Exit(roles[name]())
	}
}

// roles holds the roles of a system. Package testing has set no timer yet when a role begins.
var roles = map[string]func() (status int){}
