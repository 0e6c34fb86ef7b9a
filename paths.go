package iomux

import (
	"fmt"
	"time"

	"iomux/internal/bitnames"
	"iomux/internal/pathwatch"
	"iomux/internal/timerheap"
)

// watchedPath is the source of RegisterPath.
type watchedPath[K any] struct {
	path   *pathwatch.Path
	change pathwatch.Change                  // what has happened since the last event
	timer  timerheap.Timer[*Registration[K]] // runs while changes are combined
}

// paths holds the watcher of a Poller's paths. The watcher's descriptor is registered like that of
// any source.
type paths[K any] struct {
	watcher *pathwatch.Watcher
	queue   *Registration[K]                  // of the watcher's descriptor; its fd can be -1
	retry   timerheap.Timer[*Registration[K]] // for paths that cannot be watched at the moment
}

const (
	// gather is how long changes are combined into one event. Saving a file makes several
	// changes.
	gather = 10 * time.Millisecond
	// retryWatch is how long after a failure a watch is retried.
	retryWatch = time.Second
)

// RegisterPath reports changes of the file or directory that path names. [Event.Change] returns
// them. RegisterPath follows the name, not the file. The name leads to another file after a save by
// rename, or if a symbolic link or a directory of the path is replaced. Changes of the new file are
// then reported. The name need not exist, now or later. A relative path belongs to the working
// directory at the time of the call.
//
// Changes within 10 ms are combined into one event. A program that reads the file after each event
// sees the last change. A directory is Modified if entries appear or disappear. Use
// github.com/fsnotify/fsnotify for whole trees and for the names of entries.
//
// On Linux, all paths of a Poller share one inotify(7) descriptor. On macOS and the BSDs, each file
// and directory of the path uses a descriptor. On Windows, each directory uses a handle, which may
// keep Windows from renaming directories above it. These changes are not reported: changes made by
// another computer on a network file system, changes in /proc and /sys, writes through mapped
// memory, and a file system mounted on a directory of the path.
//
// Errors: ENOENT for an empty path; EACCES without permission to search a directory or to read the
// file; ENOSPC and EMFILE if a system limit is reached, which the error names;
// errors.ErrUnsupported on Solaris, illumos and AIX; os.ErrClosed.
func (p *Poller[K]) RegisterPath(path string, key K) (*Registration[K], error) {
	watched := new(watchedPath[K])
	r := &Registration[K]{poller: p, key: key, kind: KindPath, source: &source{value: watched}}
	watched.timer.Owner = r
	p.descriptors.LockAll() // addToTable may replace a closed descriptor of any number
	defer p.descriptors.UnlockAll()
	err := p.addSource(r, func() (err error) {
		if err = p.openPaths(); err == nil {
			if watched.path, err = p.paths.watcher.Add(path, watched); err == nil {
				return nil
			}
			p.closePaths()
		}
		return fmt.Errorf("iomux: register path: %w", err)
	})
	return r.orError(err)
}

// openPaths opens the watcher for the first path.
func (p *Poller[K]) openPaths() error {
	if p.paths != nil {
		return nil
	}
	all := new(paths[K])
	all.queue = &Registration[K]{poller: p, kind: kindPaths, source: &source{value: all}, fd: -1}
	all.queue.arming.store(newArming(Readable, 0))
	all.retry.Owner = all.queue
	var err error
	if all.watcher, err = pathwatch.New(all.queue.weakly(collect)); err != nil {
		return err
	}
	if fd := all.watcher.FD(); fd >= 0 {
		if err := p.addToTable(all.queue, fd); err != nil {
			_ = all.watcher.Close() // the first error matters more
			return err
		}
	}
	all.queue.live = true
	p.paths = all
	return nil
}

// collect is called from another goroutine when paths have changed.
func collect[K any](queue *Registration[K]) {
	p := queue.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	p.collectPaths()
}

// closePaths closes the watcher if no path is left.
func (p *Poller[K]) closePaths() {
	all := p.paths
	if all == nil || all.watcher.Len() > 0 {
		return
	}
	p.paths = nil
	p.schedule.heap.Remove(&all.retry)
	all.queue.live = false
	if all.queue.removeFromTable() {
		all.queue.removeFromBackend()
	}
	_ = all.watcher.Close() // nothing was written to its descriptor
}

func (p *Poller[K]) removePath(path *pathwatch.Path) {
	if p.paths != nil {
		p.paths.watcher.Remove(path)
		p.closePaths()
	}
}

// collectPaths records the changes of paths. The first change of a path starts its timer.
func (p *Poller[K]) collectPaths() {
	all := p.paths
	if all == nil || p.isClosed.Load() {
		return
	}
	// Collect retries after a failure.
	_ = all.watcher.Collect(func(path *pathwatch.Path, change pathwatch.Change) {
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

// Change is a set of changes of the path of [Poller.RegisterPath]. It is formatted as
// Modified|Extended.
type Change uint32

// Changes of a path. After a save by rename, a changed symbolic link or a replaced directory of the
// path, the change is Created, possibly with Deleted.
const (
	Modified   = Change(pathwatch.Modified)   // written or truncated, or its entries changed
	Extended   = Change(pathwatch.Extended)   // the file has grown; Modified comes with it
	Attributes = Change(pathwatch.Attributes) // the permissions, the owner or the times changed
	Linked     = Change(pathwatch.Linked)     // the number of hard links changed
	Renamed    = Change(pathwatch.Renamed)    // the file was renamed
	Deleted    = Change(pathwatch.Deleted)    // removed, or the path no longer names a file
	Created    = Change(pathwatch.Created)    // the path names a file it did not name before
)

var changeNames = []bitnames.Name{
	{Value: uint64(Modified), Text: "Modified"},
	{Value: uint64(Extended), Text: "Extended"},
	{Value: uint64(Attributes), Text: "Attributes"},
	{Value: uint64(Linked), Text: "Linked"},
	{Value: uint64(Renamed), Text: "Renamed"},
	{Value: uint64(Deleted), Text: "Deleted"},
	{Value: uint64(Created), Text: "Created"},
}

// String returns the names joined by |, with unknown bits in hexadecimal. It returns 0 for the
// empty set.
func (c Change) String() string { return bitnames.Format(uint64(c), changeNames) }
