//go:build !windows

package descriptor

import "math"

// highest is the largest descriptor, a C int.
const highest = math.MaxInt32
