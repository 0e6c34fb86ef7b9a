//go:build darwin || netbsd || openbsd

package sys

// SelectWord is the unit of the kernel's descriptor sets, which counts on machines with the high byte first.
type SelectWord = uint32
