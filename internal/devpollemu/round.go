//go:build unix

package devpollemu

import "time"

// pace is the time between two rounds, per descriptor. A round takes about 1/30 of that.
const pace = 5 * time.Microsecond

// Round reports whether a round over n descriptors is due. last is the time of the previous round.
// rest is the longest time to wait: left, or the time until the next round, if that is shorter and
// there was no round since start. Round sets start to the current time if it is zero.
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
