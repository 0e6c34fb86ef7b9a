//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

// PipeBuf is PIPE_BUF.
const PipeBuf = 512
