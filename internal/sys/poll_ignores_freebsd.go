package sys

import "sync"

// pollIgnoresRdHup reports whether the kernel is older than POLLRDHUP, which FreeBSD has since
// 13.1.
var pollIgnoresRdHup = sync.OnceValue(func() bool { return ignoresRdHup(Poll) })
