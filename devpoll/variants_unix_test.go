//go:build unix

package devpoll_test

import (
	"math"
	"testing"

	"iomux/devpoll"
	"iomux/internal/test/suite"
)

// variants holds the kinds of Poller that this system has.
var variants = map[string]func() (*devpoll.Poller, error){
	"default":      func() (*devpoll.Poller, error) { return devpoll.New() },
	"by epoll":     func() (*devpoll.Poller, error) { return devpoll.Emulate(0) },
	"by poll":      func() (*devpoll.Poller, error) { return devpoll.Emulate(math.MaxInt) },
	"half by poll": func() (*devpoll.Poller, error) { return devpoll.Emulate(2) },
}

func init() {
	if devpoll.Native {
		variants["emulated"] = func() (*devpoll.Poller, error) { return devpoll.New(devpoll.Emulated) }
	}
}

func FuzzOperationsByEpoll(f *testing.F) { suite.Fuzz(f, mechanism("half by poll")) }
