//go:build unix && !linux

package descriptor

func (d direction) try(fd int, p []byte) (int, error) { return d.byMode(fd, p) }
