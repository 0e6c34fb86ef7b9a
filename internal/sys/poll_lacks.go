package sys

// PollLacks returns the names of the events in the set that this system does not report, or "" if
// it reports all.
func PollLacks(events uint16) string { return pollLacks(events, pollIgnoresRdHup) }

func pollLacks(events uint16, ignoresRdHup func() bool) string {
	switch {
	case events&PollAbsent != 0:
		return PollAbsentNames
	case events&PollRdHup != 0 && ignoresRdHup():
		return "RdHup"
	}
	return ""
}
