package suite

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// systemTests are those of what only some systems have.
var systemTests = []test{
	{name: "OnlySockets", run: onlySockets},
}

// onlySockets gives the mechanism handles of what Windows has no way to wait on together with sockets.
func onlySockets(t *testing.T, m Mechanism) {
	r, w, err := os.Pipe()
	must(t, err)
	defer func() { must(t, errors.Join(r.Close(), w.Close())) }()
	for name, fd := range map[string]int{"file": File(t), "pipe": int(r.Fd()), "standard error": int(os.Stderr.Fd())} {
		waiter := object(t, m)
		err := waiter.Register(fd, In, Level)
		if err == nil { // a stand-in, whose call learns of it only now
			_, err = waiter.Wait(1, soon)
		}
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "only sockets on Windows") {
			t.Errorf("%s: %v, want only sockets on Windows", name, err)
		}
		names(t, err, fd)
	}
}
