//go:build unix

package devpollemu

import "time"

// pace is the time between two rounds for each descriptor. A round takes about 1/30 of that.
const pace = 5 * time.Microsecond

// Round reports whether the next round over n descriptors is due, last being the time of the
// previous one. Otherwise it returns the time until then, if left is longer and the wait that
// started at start has not seen a round. It sets start if that is zero.
func Round(n int, last time.Time, start *time.Time, left time.Duration) (rest time.Duration, due bool) {
	now := time.Now()
	if start.IsZero() {
		*start = now
	}
	until := last.Add(time.Duration(n) * pace).Sub(now)
	if until > 0 && last.Before(*start) && (left < 0 || left > until) {
		return until, false
	}
	return left, until <= 0
}
