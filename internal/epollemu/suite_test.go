//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu_test

import (
	"testing"

	"iomux/internal/epollemu"
	"iomux/internal/test/suite"
)

var mechanism = suite.Mechanism{
	New: func() (suite.Waiter, error) {
		e, err := epollemu.New()
		return waiter{e}, err
	},
	Reports:             reported(),
	Modes:               suite.Edge | suite.OneShot,
	Live:                true,
	Wakes:               true,
	RefusesFiles:        true,
	UnconnectedIsSilent: true,
	ReportsClosed:       suite.Forgotten,
}

func reported() suite.Events {
	all := suite.In | suite.Out | suite.Pri | suite.Err | suite.Hup | suite.RdHup
	if !epollemu.HasUrgent() {
		all &^= suite.Pri
	}
	return all
}

func TestSuite(t *testing.T) { suite.Run(t, mechanism) }

func FuzzOperations(f *testing.F) { suite.Fuzz(f, mechanism) }
