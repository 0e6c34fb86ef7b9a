package main

// #include "codes.h"
import "C"

import (
	"sync"
	"time"
	"unsafe"

	"iomux/selectfd"
)

type sets [3]selectfd.Set

var spare = sync.Pool{New: func() any { return new(sets) }}

// iomux_select waits for three lists of descriptors, which follow each other in fds. It sets a byte
// of ready for each descriptor.
//
//export iomux_select
func iomux_select(fds *int32, ready *uint8, lengths *int32, timeout int64) (answer int32) {
	defer recovered(&answer, -C.IOMUX_FAILED)
	s := spare.Get().(*sets)
	var lists [3][]int32
	total := int32(0)
	for i, length := range unsafe.Slice(lengths, 3) {
		lists[i] = unsafe.Slice(fds, total+length)[total:]
		total += length
		for _, fd := range lists[i] {
			s[i].Add(int(fd))
		}
	}
	n, err := selectfd.Wait(&s[0], &s[1], &s[2], time.Duration(timeout))
	if err == nil {
		marks := unsafe.Slice(ready, total)
		for i, list := range lists {
			for j, fd := range list {
				marks[j] = 0
				if s[i].Has(int(fd)) {
					marks[j] = 1
				}
			}
			marks = marks[len(list):]
		}
	}
	for i := range s {
		s[i].Clear()
	}
	spare.Put(s)
	return count(n, err)
}
