package selectfd

// brokenPipe is what poll(2) adds to POLLERR for a pipe that nobody reads.
const brokenPipe = 0
