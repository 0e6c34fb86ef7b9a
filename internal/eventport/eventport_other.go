//go:build !solaris

package eventport

// Native tells whether the kernel of this system has event ports.
const Native = false

// System is nil: there are none.
var System Calls
