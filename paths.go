package iomux

import (
	"fmt"
	"time"

	"iomux/internal/pathwatch"
	"iomux/internal/timerheap"
)

// watchedPath is the source of RegisterPath.
type watchedPath[K any] struct {
	path   *pathwatch.Path
	change pathwatch.Change                  // what has happened since the last event
	timer  timerheap.Timer[*Registration[K]] // gathers changes
}

// paths are the watched paths of a Poller. Its descriptor is registered like that of any source.
type paths[K any] struct {
	watcher *pathwatch.Watcher
	queue   *Registration[K]                  // of the descriptor, nil where there is none
	retry   timerheap.Timer[*Registration[K]] // for paths that cannot be watched at the moment
}

const (
	// gather is the time within which changes become one event: saving a file is several.
	gather = 10 * time.Millisecond
	// retryWatch is the time after which a failed watch is tried again.
	retryWatch = time.Second
)

// RegisterPath reports what happens to the file or folder that a name leads to, whatever that is at
// the time; Event.Change returns it. The name may lead to a new file later, when the file was saved
// by rename or a symbolic link or a folder on the way was replaced. The name may also lead to
// nothing, now or later. A relative name belongs to the current folder of the time of the call.
//
// All changes within 10 ms become one event. A program that reads the file after each event sees
// the last change. A folder is Modified if entries appear or disappear. Use
// github.com/fsnotify/fsnotify for whole trees and for the names of entries.
//
// On Linux all paths of a Poller share one descriptor, of inotify(7). On macOS and the BSDs each
// file and folder on the way takes a descriptor, and on Windows each folder a handle. Changes that
// another computer makes to a network file system are not reported, nor those of /proc and /sys, of
// mapped memory, and of file systems that are mounted on the way.
//
// Errors: ENOENT for an empty name; EACCES if a folder may not be searched or the file not be read;
// ENOSPC and EMFILE if a limit of the system is reached, with the name of the limit;
// errors.ErrUnsupported on Solaris, illumos and AIX; os.ErrClosed.
func (p *Poller[K]) RegisterPath(path string, key K) (*Registration[K], error) {
	watched := new(watchedPath[K])
	r := &Registration[K]{poller: p, key: key, kind: KindPath, source: &source{value: watched}}
	watched.timer.Owner = r
	err := p.addSource(r, func() (err error) {
		if err = p.openPaths(); err == nil {
			if watched.path, err = p.paths.watcher.Add(path, watched); err == nil {
				return nil
			}
			p.closePaths()
		}
		return fmt.Errorf("iomux: register path: %w", err)
	})
	return r.begun(err)
}

// openPaths makes the watcher for the first path.
func (p *Poller[K]) openPaths() error {
	if p.paths != nil {
		return nil
	}
	watcher, err := pathwatch.New(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.collectPaths()
	})
	if err != nil {
		return err
	}
	all := &paths[K]{watcher: watcher}
	all.queue = &Registration[K]{poller: p, kind: kindPaths, interest: Readable, source: &source{value: all}, fd: -1}
	all.retry.Owner = all.queue
	if fd := watcher.FD(); fd >= 0 {
		if err := p.addToTable(all.queue, fd); err != nil {
			_ = watcher.Close() // the first error says more
			return err
		}
	}
	all.queue.live = true
	p.paths = all
	return nil
}

// closePaths gives the watcher back when there is no path.
func (p *Poller[K]) closePaths() {
	all := p.paths
	if all == nil || all.watcher.Len() > 0 {
		return
	}
	p.paths = nil
	p.schedule.heap.Remove(&all.retry)
	all.queue.live = false
	all.queue.withdraw()
	_ = all.watcher.Close() // a descriptor that was only waited on
}

func (p *Poller[K]) removePath(path *pathwatch.Path) {
	if p.paths != nil {
		p.paths.watcher.Remove(path)
		p.closePaths()
	}
}

// collectPaths notes what has happened to paths. The first change of each begins the time in which
// its changes are gathered.
func (p *Poller[K]) collectPaths() {
	all := p.paths
	if all == nil || p.isClosed.Load() {
		return
	}
	_ = all.watcher.Collect(func(path *pathwatch.Path, change pathwatch.Change) { // what cannot be read is tried again
		watched := path.Owner.(*watchedPath[K])
		watched.change |= change
		if !watched.timer.Armed() {
			p.arm(&watched.timer, gather, 0)
		}
	})
	if all.watcher.Failing() && !all.retry.Armed() {
		p.arm(&all.retry, retryWatch, 0)
	}
}
