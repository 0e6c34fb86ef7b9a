package descriptor

import "math"

// highest is the highest number that a handle can have, a pointer.
const highest = math.MaxInt
