//go:build aix || linux || solaris

package epollemu_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/eventport"
	"iomux/internal/test/suite"
)

// calls returns the ports under test: poll(2), and the event ports of the system or a model.
func calls() map[string]func() eventport.Calls {
	all := map[string]func() eventport.Calls{"poll": epollemu.NewPollPort}
	if ports := systemPorts(); ports != nil {
		all["ports"] = func() eventport.Calls { return ports }
	}
	return all
}

func portsMechanism(open func() eventport.Calls) suite.Mechanism {
	return suite.Mechanism{
		New: func() (suite.Waiter, error) {
			p, err := epollemu.OpenPorts(open())
			return waiter{p}, err
		},
		Reports:       suite.In | suite.Out | suite.Pri | suite.Err | suite.Hup | suite.RdHup,
		Modes:         suite.OneShot,
		Live:          true,
		Wakes:         true,
		RefusesFiles:  true,
		ReportsClosed: suite.Forgotten,
	}
}

func TestPortsSuite(t *testing.T) {
	mechanisms := make(map[string]suite.Mechanism)
	for name, open := range calls() {
		mechanisms[name] = portsMechanism(open)
	}
	suite.RunEach(t, mechanisms)
}

func FuzzPortsOperations(f *testing.F) { suite.Fuzz(f, portsMechanism(epollemu.NewPollPort)) }

func TestPortsRefuseEdgesBeforeAnyChange(t *testing.T) {
	for name, open := range calls() {
		t.Run(name, func(t *testing.T) { portsRefuse(t, open()) })
	}
}

func portsRefuse(t *testing.T, calls eventport.Calls) {
	p, err := epollemu.OpenPorts(calls)
	must(t, err)
	defer func() { must(t, p.Close()) }()
	r, w := suite.Pipe(t)
	for _, mode := range []uint32{epollemu.ET, epollemu.Exclusive} {
		isError(t, p.Add(r, epollemu.In|mode, 1), errors.ErrUnsupported)
	}
	isError(t, p.Modify(r, epollemu.In, 1), syscall.ENOENT)
	must(t, p.Add(r, epollemu.In|epollemu.OneShot, 1<<63))
	isError(t, p.Modify(r, epollemu.In|epollemu.ET, 2), errors.ErrUnsupported)
	isError(t, p.Add(r, epollemu.In, 2), syscall.EEXIST)
	suite.Write(t, w)
	room := make([]epollemu.Event, 4)
	n, err := p.Take(room, -1)
	want := epollemu.Event{Events: epollemu.In, FD: int32(r), Data: 1 << 63}
	if n != 1 || err != nil || room[0] != want {
		t.Errorf("Take: %+v, %v, want %+v", room[:n], err, want)
	}
	if n, err := p.Take(room, 0); n != 0 || err != nil {
		t.Errorf("Take after a one-shot report: %+v, %v", room[:n], err)
	}
	isError(t, p.Add(r, epollemu.In, 2), syscall.EEXIST)
	must(t, p.Remove(r))
	isError(t, p.Remove(r), syscall.ENOENT)
	isError(t, p.Add(p.FD(), epollemu.In, 0), unix.EINVAL)
}

func TestPortsCloseWakesAll(t *testing.T) {
	for name, open := range calls() {
		t.Run(name, func(t *testing.T) {
			p, err := epollemu.OpenPorts(open())
			must(t, err)
			ended := make(chan error, 3)
			for range cap(ended) {
				go func() {
					_, err := p.Take(make([]epollemu.Event, 1), -1)
					ended <- err
				}()
			}
			time.Sleep(10 * time.Millisecond)
			must(t, p.Close())
			for range cap(ended) {
				isError(t, <-ended, os.ErrClosed)
			}
			isError(t, p.Close(), os.ErrClosed)
		})
	}
}
