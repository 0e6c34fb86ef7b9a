package sys

// CauseError is an error with a cause. Unlike a call of fmt.Errorf, a package variable of this type
// takes no time when a program starts.
type CauseError struct {
	Text  string
	Cause error
}

// Error returns the text and the cause.
func (e *CauseError) Error() string { return e.Text + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *CauseError) Unwrap() error { return e.Cause }
