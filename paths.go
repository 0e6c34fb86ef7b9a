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

// Change is a set of things that happened to the path of [Poller.RegisterPath]. It prints as
// Modified|Extended.
type Change uint32

// The changes. A save by rename, a swapped symbolic link and a replaced folder above are reported
// as Created, maybe with Deleted.
const (
	Modified   = Change(pathwatch.Modified)   // the contents were written or truncated, or a folder's entries changed
	Extended   = Change(pathwatch.Extended)   // the file has grown; Modified comes with it
	Attributes = Change(pathwatch.Attributes) // the permissions, the owner or the times changed
	Linked     = Change(pathwatch.Linked)     // the number of hard links changed
	Renamed    = Change(pathwatch.Renamed)    // the file was moved to another name
	Deleted    = Change(pathwatch.Deleted)    // the file was removed, or the name leads to nothing now
	Created    = Change(pathwatch.Created)    // the name leads to a file that it did not lead to before
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

// String returns the names of the changes joined by |, and bits without a name in hexadecimal. It
// returns 0 for the empty set.
func (c Change) String() string { return bitnames.Format(uint64(c), changeNames) }
