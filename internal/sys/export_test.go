//go:build unix

package sys

// Finite exports finite, because no test process has an infinite limit.
var Finite = finite
