package descriptor

import "math"

// highest is the largest handle, a pointer.
const highest = math.MaxInt
