package procwatch

import (
	"testing"
	"time"
)

// killed is the status of a child that was killed.
const killed = 1

func isReadable(t *testing.T, _ int, _ time.Duration) bool {
	t.Helper()
	t.Fatal("no descriptor is waited on here")
	return false
}
