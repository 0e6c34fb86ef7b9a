package timerheap

// Cap returns the number of timers that the heap has memory for.
func (h *Heap[T]) Cap() int { return cap(h.slots) }
