//go:build unix

package devpoll

// Emulate makes a Poller of which the first few descriptors are left to poll(2); Drive makes one of a driver.
var (
	Emulate = emulate
	Drive   = drive
)
