//go:build !unix

package selectfd

import "time"

// Native tells whether the kernel of this system has select(2).
const Native = false

func wait([3]*Set, time.Duration) (int, error) { return 0, errUnsupported }
