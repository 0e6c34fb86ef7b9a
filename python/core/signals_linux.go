package main

// #include "signals.h"
import "C"

import (
	"sync"
	"sync/atomic"
	"syscall"

	"iomux/internal/kqueueemu"
)

// Python has the handlers of signals, and os/signal would replace them: so those that kqueues watch are counted by a handler
// of our own, which calls Python's.
func init() { kqueueemu.CatchSignalsBy(catchSignal) }

// caught is what is watched.
var caught struct {
	sync.Mutex
	counted int // how many signals
	arrived [65]func(times int64)
	any     atomic.Bool
	once    sync.Once
}

func catchSignal(number syscall.Signal, arrived func(times int64)) (stop func()) {
	caught.Lock()
	defer caught.Unlock()
	C.iomux_signals_take(C.int(number)) // what came before does not count
	caught.arrived[number] = arrived
	caught.counted++
	caught.any.Store(true)
	C.iomux_signals_catch(C.int(number))
	caught.once.Do(func() { go tellArrivals() })
	return func() {
		caught.Lock()
		defer caught.Unlock()
		C.iomux_signals_release(C.int(number))
		caught.arrived[number] = nil
		caught.counted--
		caught.any.Store(caught.counted > 0)
	}
}

// tellArrivals never ends.
func tellArrivals() {
	for {
		C.iomux_signals_wait()
		for number := range caught.arrived {
			caught.Lock()
			arrived := caught.arrived[number]
			times := int64(0)
			if arrived != nil {
				times = int64(C.iomux_signals_take(C.int(number)))
			}
			caught.Unlock()
			if times > 0 {
				arrived(times)
			}
		}
	}
}

// catchAgain is for signals that Python has installed a handler for since: it becomes the one that is called.
func catchAgain() {
	if !caught.any.Load() {
		return
	}
	caught.Lock()
	defer caught.Unlock()
	for number, arrived := range caught.arrived {
		if arrived != nil {
			C.iomux_signals_catch(C.int(number))
		}
	}
}
