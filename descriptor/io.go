package descriptor

// TryRead wraps read(2): it reads once, at most len(p) bytes, and does not block, whatever the mode of fd: where there is
// nothing to read it returns syscall.EAGAIN itself, and allocates nothing. 0 and no error is the end of the file, or of what
// the peer sends. Interruptions by signals (EINTR) are repeated.
//
// Regular files, which are always ready, are read as ever, for as long as the disk takes. On Linux the kernel itself keeps
// the promise for sockets, pipes and eventfds. For what is left, terminals say, and on other systems, a descriptor in blocking
// mode is looked at first: where another goroutine or process reads from it at the same time, the look may deceive.
//
// On Windows there are sockets only. There each one is looked at first, since its mode cannot be asked for.
//
// Errors: EAGAIN, EBADF, ECONNRESET and others of read(2), as bare syscall.Errno, on Windows those of Winsock;
// errors.ErrUnsupported on Windows for what is no socket.
func TryRead(fd int, p []byte) (int, error) { return tryRead(fd, p) }

// TryWrite wraps write(2): it writes once, as much of p as finds room, and does not block, whatever the mode of fd: where there
// is no room it returns syscall.EAGAIN itself, and allocates nothing. Fewer bytes than len(p) are no error. Interruptions by
// signals (EINTR) are repeated.
//
// Regular files, which are always ready, are written as ever, for as long as the disk takes. On a terminal in blocking mode
// at most one byte is written at a time, since it may have no room for two. The promise does not hold for an eventfd in
// blocking mode, whose room depends on the number that is written, nor where another goroutine or process takes the room
// that a descriptor in blocking mode had when it was looked at, as TryRead explains.
//
// On Windows there are sockets only, which are looked at first, and streams are written to in pieces of 2 KiB, each one where there
// is room.
//
// Errors: EAGAIN, EBADF, EPIPE where nobody reads any more and others of write(2), as bare syscall.Errno, on Windows those of
// Winsock; errors.ErrUnsupported on Windows for what is no socket.
func TryWrite(fd int, p []byte) (int, error) { return tryWrite(fd, p) }
