//go:build !solaris

package eventport

// Native reports whether the kernel of this system has event ports.
const Native = false

// System is nil on a system without event ports.
var System Calls
