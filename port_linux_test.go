package iomux_test

import (
	"os"
	"testing"

	"iomux"
	"iomux/internal/test/portmodel"
	"iomux/internal/test/suite"
)

// What wakes a sleep is not lost though another goroutine, which only looks, takes it from the port.
func TestWakeOfAPortIsPassedOn(t *testing.T) {
	ports, err := iomux.OpenPorts(portmodel.New())
	must(t, err)
	defer func() { must(t, ports.Close()) }()
	for range 100 {
		asleep, done := make(chan struct{}), make(chan error)
		go func() { done <- ports.Sleep(func() { close(asleep) }) }()
		<-asleep
		ports.Wake()
		for range 3 {
			must(t, ports.Look())
		}
		must(t, <-done)
	}
}

// A descriptor that was told of and then closed is noticed as such, so that its number can be registered again.
func TestNumberOfAPortIsRegisteredAgain(t *testing.T) {
	p := poller(t, []iomux.Option{modelled["modelled eventport"]})
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	number := suite.High(t, r, 400)
	old := register(t, p, number, iomux.Readable)
	expect(t, p, old, iomux.Readable)
	suite.Close(t, number)
	expectNothing(t, p)
	if again := suite.High(t, r, number); again != number {
		t.Skip("another goroutine has taken the number")
	}
	expect(t, p, register(t, p, number, iomux.Readable), iomux.Readable)
	must(t, old.Unregister())
}

func TestCloseEndsTheSleepOfAPort(t *testing.T) {
	for range 20 { // a signal may have ended some
		ports, err := iomux.OpenPorts(portmodel.New())
		must(t, err)
		asleep, done := make(chan struct{}), make(chan error)
		go func() { done <- ports.Sleep(func() { close(asleep) }) }()
		<-asleep
		must(t, ports.Close())
		if err := <-done; err != nil {
			isErr(t, err, os.ErrClosed)
		}
		isErr(t, ports.Look(), os.ErrClosed)
	}
}

func init() {
	modelled = map[string]iomux.Option{"modelled eventport": iomux.WithPorts(portmodel.New())}
}
