//go:build !unix && !windows

package main

import "errors"

// waitFor is not reached: there is no mechanism to choose.
func waitFor(options, []source, printer) error { return errors.ErrUnsupported }
