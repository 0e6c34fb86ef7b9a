package timerheap

// Cap returns the number of timers for which the heap has memory.
func (h *Heap[T]) Cap() int { return cap(h.slots) }
