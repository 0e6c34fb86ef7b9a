package main

// #include "signals.h"
import "C"

import (
	"sync"
	"sync/atomic"
	"syscall"

	"iomux/internal/kqueueemu"
)

// os/signal would replace Python's signal handlers. So a handler of the module counts the signals
// that kqueues watch, and calls Python's.
func init() { kqueueemu.CatchSignalsBy(catchSignal) }

// caught holds the watched signals.
var caught struct {
	sync.Mutex
	counted int // the number of watched signals
	arrived [65]func(times int64)
	any     atomic.Bool
	once    sync.Once
}

func catchSignal(number syscall.Signal, arrived func(times int64)) (stop func()) {
	caught.Lock()
	defer caught.Unlock()
	C.iomux_signals_take(C.int(number)) // discard earlier signals
	caught.arrived[number] = arrived
	caught.counted++
	caught.any.Store(true)
	C.iomux_signals_catch(C.int(number))
	caught.once.Do(func() { go passArrivals() })
	return func() {
		caught.Lock()
		defer caught.Unlock()
		C.iomux_signals_release(C.int(number))
		caught.arrived[number] = nil
		caught.counted--
		caught.any.Store(caught.counted > 0)
	}
}

// passArrivals passes arrived signals to their queues. It never returns.
func passArrivals() {
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

// catchAgain installs the module's handler again where Python has replaced it. The handler calls
// Python's new one from now on.
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
