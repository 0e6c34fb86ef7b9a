//go:build (unix && !linux) || windows

package epoll

import "encoding/binary"

// split returns the halves of epoll_data in memory.
func split(data uint64) (fd int32, tag uint32) {
	var memory [8]byte
	binary.NativeEndian.PutUint64(memory[:], data)
	return int32(binary.NativeEndian.Uint32(memory[:4])), binary.NativeEndian.Uint32(memory[4:])
}
