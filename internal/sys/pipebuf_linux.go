package sys

// PipeBuf is PIPE_BUF.
const PipeBuf = 4096
