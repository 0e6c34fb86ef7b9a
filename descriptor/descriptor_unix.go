//go:build !windows

package descriptor

import "math"

// highest is the highest number that a descriptor can have, a C int.
const highest = math.MaxInt32
