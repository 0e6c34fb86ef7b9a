package descriptor

import "golang.org/x/sys/unix"

const dontWait = unix.MSG_NONBLOCK // another name for MSG_DONTWAIT
