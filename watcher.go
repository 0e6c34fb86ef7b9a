package iomux

import "sync"

// watcher calls wake when a channel is closed, the Done of a context. Unlike context.AfterFunc it
// does not allocate, but has a goroutine while it watches.
type watcher struct {
	wake    func()
	loop    func()        // watcher.run, made once
	changed chan struct{} // the goroutine is to look at done again

	mu      sync.Mutex
	done    <-chan struct{}
	running bool
	stopped bool
}

func newWatcher(wake func()) *watcher {
	w := &watcher{wake: wake, changed: make(chan struct{}, 1)}
	w.loop = w.run
	return w
}

// watch watches done instead of the channel before. It reports false after stop.
func (w *watcher) watch(done <-chan struct{}) bool {
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

// stop ends the goroutine for good.
func (w *watcher) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.set(nil)
}

func (w *watcher) set(done <-chan struct{}) {
	w.done = done
	if w.running {
		select {
		case w.changed <- struct{}{}:
		default: // the goroutine has not looked since the last change
		}
	}
}

// run ends when the watched channel is closed, or there is none.
func (w *watcher) run() {
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
func (w *watcher) next(last <-chan struct{}) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done != nil && w.done != last {
		return w.done
	}
	w.running = false
	return nil
}
