package sys

import "golang.org/x/sys/unix"

const sysPpoll = unix.SYS_PPOLL
