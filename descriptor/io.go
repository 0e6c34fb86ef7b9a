package descriptor

// TryRead wraps read(2). It reads up to len(p) bytes once and does not block, even if fd is in
// blocking mode. If there is nothing to read, the error is syscall.EAGAIN itself. At the end of the
// file or of the stream, TryRead returns 0 and no error. TryRead does not allocate, and repeats the
// call after EINTR.
//
// A regular file is always ready. Reading it takes as long as the disk does.
//
// On Linux, except on Android, the kernel guarantees this for sockets. It also does for pipes and
// eventfds, unless it is too old to have RWF_NOWAIT for them. For other files in blocking mode,
// such as terminals, and on other systems, TryRead first checks whether there is something to read.
// If another reader takes the data in between, the read can still block.
//
// On Windows, fd must be a socket. TryRead always checks first, because Windows does not report the
// mode of a socket.
//
// Errors are bare errnos: EAGAIN, EBADF, ECONNRESET and others of read(2), or those of Winsock. On
// Windows the error is errors.ErrUnsupported if fd is not a socket.
func TryRead(fd int, p []byte) (int, error) { return reading.try(fd, p) }

// TryWrite wraps write(2). It writes as much of p as there is room for and does not block, even if
// fd is in blocking mode. If there is no room, the error is syscall.EAGAIN itself. Writing less
// than len(p) bytes is not an error. TryWrite does not allocate, and repeats the call after EINTR.
//
// A regular file is always ready. Writing it takes as long as the disk does.
//
// On Linux, except on Android, the kernel guarantees this for sockets. It also does for pipes,
// unless it is too old to have RWF_NOWAIT for them. For other files in blocking mode, and on other
// systems, TryWrite first checks whether there is room. It then writes at most 512 bytes to a pipe
// and one byte to a terminal. If another writer takes the room in between, the write can still
// block. A write to an eventfd in blocking mode can also block, because its room depends on the
// number written.
//
// On Windows, fd must be a socket. TryWrite always checks first, and writes to a stream in pieces
// of 2 KiB as long as there is room.
//
// Errors are bare errnos: EAGAIN, EBADF, EPIPE if there is no reader and others of write(2), or
// those of Winsock. On Windows the error is errors.ErrUnsupported if fd is not a socket.
func TryWrite(fd int, p []byte) (int, error) { return writing.try(fd, p) }

// direction is reading or writing. Each system has a method try. Its calls are direct, because p
// would escape to the heap in a call of a function variable.
type direction bool

const (
	reading direction = false
	writing direction = true
)
