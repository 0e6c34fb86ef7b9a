//go:build !unix && !windows

package session

import "errors"

// waitFor is not reached: there is no mechanism to choose.
func waitFor(Options, []source, printer) error { return errors.ErrUnsupported }
