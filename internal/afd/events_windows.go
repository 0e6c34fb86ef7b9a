package afd

// The conditions of the driver.
const (
	receive    uint32 = 0x1
	expedited  uint32 = 0x2 // out-of-band data
	send       uint32 = 0x4
	disconnect uint32 = 0x8  // the peer has shut down its writing side
	abort      uint32 = 0x10 // the connection was reset
	localClose uint32 = 0x20 // the last handle of the socket was closed here
	accept     uint32 = 0x80
	failed     uint32 = 0x100 // a connection could not be made
)

// Conditions for which the driver has one bit.
const (
	readable = In | RdNorm
	writable = Out | WrNorm | WrBand
	urgent   = Pri | RdBand
)

// toDriver returns the driver's conditions to request.
func toDriver(events Events) uint32 {
	requested := localClose | abort | failed
	if events&readable != 0 {
		requested |= receive | accept | disconnect
	}
	if events&urgent != 0 {
		requested |= expedited
	}
	if events&writable != 0 {
		requested |= send
	}
	if events&RdHup != 0 {
		requested |= disconnect
	}
	return requested
}

// fromDriver returns the reported conditions that were requested.
func fromDriver(reported uint32, requested Events) (ready Events) {
	if reported&(receive|accept) != 0 {
		ready |= readable
	}
	if reported&expedited != 0 {
		ready |= urgent
	}
	if reported&send != 0 {
		ready |= writable
	}
	if reported&disconnect != 0 {
		ready |= readable | RdHup
	}
	if reported&abort != 0 {
		ready |= readable | Hup | RdHup
	}
	if reported&failed != 0 {
		ready |= readable | writable | Err | RdHup
	}
	return ready & (requested | Err | Hup)
}
