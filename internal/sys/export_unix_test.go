//go:build unix

package sys

// Finite is what becomes of a limit: no process of a test gets an infinite one.
var Finite = finite
