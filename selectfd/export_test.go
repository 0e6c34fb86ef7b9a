package selectfd

import "time"

// OtherWays are what Wait does in some cases, for all: its tests run over them, too.
var OtherWays = make(map[string]func(r, w, x *Set, timeout time.Duration) (int, error))
