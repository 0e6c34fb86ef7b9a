//go:build !unix

package sys

// PipeBuf is PIPE_BUF.
const PipeBuf = 0
