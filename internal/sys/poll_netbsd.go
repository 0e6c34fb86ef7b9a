package sys

import "golang.org/x/sys/unix"

const sysPpoll = unix.SYS_POLLTS // the same call under another name
