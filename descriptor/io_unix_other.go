//go:build unix && !linux

package descriptor

func tryRead(fd int, p []byte) (int, error) { return readByMode(fd, p) }

func tryWrite(fd int, p []byte) (int, error) { return writeByMode(fd, p) }
