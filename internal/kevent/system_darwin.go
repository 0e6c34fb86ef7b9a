package kevent

// The columns of the table of numbers.
const darwin, dragonfly, freebsd, netbsd, openbsd, emulated = 1, 0, 0, 0, 0, 0
