package iomux_test

import (
	"testing"

	"iomux"
	"iomux/internal/test/portmodel"
	"iomux/internal/test/suite"
)

func init() {
	modelled = map[string]iomux.Option{"modelled eventport": iomux.WithPorts(portmodel.New())}
}

// A reported descriptor is closed. Its number can be registered again.
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
