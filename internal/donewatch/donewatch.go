// Package donewatch calls a function when a context is done. It does not allocate for each context.
package donewatch

import "sync"

// Watcher calls a function when the Done channel of a context is closed. Unlike context.AfterFunc
// it does not allocate, but it uses a goroutine while it watches.
type Watcher struct {
	wake    func()
	loop    func()        // Watcher.run, made once
	changed chan struct{} // makes the goroutine read done again

	mu      sync.Mutex
	done    <-chan struct{}
	running bool
	stopped bool
}

// New returns a Watcher that calls wake in its goroutine.
func New(wake func()) *Watcher {
	w := &Watcher{wake: wake, changed: make(chan struct{}, 1)}
	w.loop = w.run
	return w
}

// Watch watches done instead of the previous channel. It returns false after Stop.
func (w *Watcher) Watch(done <-chan struct{}) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	w.set(done)
	if !w.running {
		w.running = true
		go w.loop()
	}
	return true
}

// Stop ends the goroutine. Later calls of Watch do nothing.
func (w *Watcher) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.set(nil)
}

func (w *Watcher) set(done <-chan struct{}) {
	w.done = done
	if w.running {
		select {
		case w.changed <- struct{}{}:
		default: // the goroutine has not read the last change yet
		}
	}
}

// run returns when the watched channel is closed, or when there is none.
func (w *Watcher) run() {
	var last <-chan struct{} // was closed
	for {
		done := w.next(last)
		if done == nil {
			return
		}
		select {
		case <-w.changed:
		case <-done:
			last = done
			w.wake()
		}
	}
}

// next returns the channel to watch, or nil if the goroutine ends because there is none but last.
func (w *Watcher) next(last <-chan struct{}) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done != nil && w.done != last {
		return w.done
	}
	w.running = false
	return nil
}
