//go:build !solaris

package eventport

// Native reports whether the kernel of this system has event ports.
const Native = false

// System is nil, because this system has no event ports.
var System Calls
