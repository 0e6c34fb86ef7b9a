package descriptor

// TryRead wraps read(2): it reads once, at most len(p) bytes, and never blocks, whatever the mode of fd: where there is
// nothing to read it returns syscall.EAGAIN itself, and allocates nothing. 0 and no error is the end of the file, or of what
// the peer sends. Interruptions by signals (EINTR) are repeated.
//
// Regular files, which are always ready, are read as ever, for as long as the disk takes.
//
// Errors: EAGAIN, EBADF, ECONNRESET and others of read(2), as bare syscall.Errno; errors.ErrUnsupported on Windows for now.
func TryRead(fd int, p []byte) (int, error) { return tryRead(fd, p) }

// TryWrite wraps write(2): it writes once, as much of p as finds room, and never blocks, whatever the mode of fd: where there
// is no room it returns syscall.EAGAIN itself, and allocates nothing. Fewer bytes than len(p) are no error. Interruptions by
// signals (EINTR) are repeated.
//
// Regular files, which are always ready, are written as ever, for as long as the disk takes. On a terminal in blocking mode
// at most one byte is written at a time, since it may have no room for two.
//
// Errors: EAGAIN, EBADF, EPIPE where nobody reads any more (no signal is raised for sockets) and others of write(2), as bare
// syscall.Errno; errors.ErrUnsupported on Windows for now.
func TryWrite(fd int, p []byte) (int, error) { return tryWrite(fd, p) }
