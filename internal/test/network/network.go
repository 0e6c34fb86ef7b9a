// Package network helps tests that need the loopback interface. It skips them if the interface is
// down, as in a new network namespace.
package network

import (
	"net"
	"runtime"
	"sync"
	"testing"
)

// Down returns why nothing can be sent to 127.0.0.1, or nil.
var Down = sync.OnceValue(func() error {
	if runtime.GOOS == "windows" { // it is never down there, and Wine 8 cannot dial UDP
		return nil
	}
	conn, err := net.Dial("udp4", "127.0.0.1:9") // sends nothing
	if err != nil {
		return err
	}
	return conn.Close()
})

// Need skips the test if nothing can be sent to 127.0.0.1.
func Need(t testing.TB) {
	t.Helper()
	if err := Down(); err != nil {
		t.Skip("the loopback interface is down:", err)
	}
}
