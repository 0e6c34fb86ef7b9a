package afd

// What the driver is asked for, and tells.
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

// What the driver has one condition for.
const (
	readable = In | RdNorm
	writable = Out | WrNorm | WrBand
	urgent   = Pri | RdBand
)

// toDriver is what to ask the driver for.
func toDriver(events Events) uint32 {
	asked := localClose | abort | failed
	if events&readable != 0 {
		asked |= receive | accept | disconnect
	}
	if events&urgent != 0 {
		asked |= expedited
	}
	if events&writable != 0 {
		asked |= send
	}
	if events&RdHup != 0 {
		asked |= disconnect
	}
	return asked
}

// fromDriver is what the driver has told, as far as it was asked for.
func fromDriver(told uint32, asked Events) (ready Events) {
	if told&(receive|accept) != 0 {
		ready |= readable
	}
	if told&expedited != 0 {
		ready |= urgent
	}
	if told&send != 0 {
		ready |= writable
	}
	if told&disconnect != 0 {
		ready |= readable | RdHup
	}
	if told&abort != 0 {
		ready |= readable | Hup | RdHup
	}
	if told&failed != 0 {
		ready |= readable | writable | Err | RdHup
	}
	return ready & (asked | Err | Hup)
}
