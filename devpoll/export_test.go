//go:build unix

package devpoll

// Emulate and Drive return a Poller of an emulation and of a driver.
var (
	Emulate = emulate
	Drive   = drive
)
