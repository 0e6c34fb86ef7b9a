package selectfd

import "time"

// OtherWays holds functions that Wait uses in some cases. The tests of Wait run over them, too.
var OtherWays = make(map[string]func(r, w, x *Set, timeout time.Duration) (int, error))
