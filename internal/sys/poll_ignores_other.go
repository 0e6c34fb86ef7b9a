//go:build !freebsd

package sys

// pollIgnoresRdHup returns false, because the constant PollRdHup shows whether the system has the
// event.
func pollIgnoresRdHup() bool { return false }
