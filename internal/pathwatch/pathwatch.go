// Package pathwatch reports changes of the file or directory that a path names. A watch follows the
// name, not the file. After a save by rename, or if a symbolic link or a directory of the path is
// replaced, it watches the file that the path then names, if there is one.
//
// Every directory of the path is watched before an entry is looked up in it. So a later change of
// the look-up is always detected, and no file is missed between its look-up and its watch.
//
// These changes are not detected: changes made by another computer on a network file system,
// changes in /proc and /sys, writes through mapped memory, and a file system mounted on a directory
// of the path.
package pathwatch

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"iomux/internal/sys"
)

// Change is a set of changes of a path.
type Change uint32

// The changes. Package iomux exports the same constants.
const (
	Modified   Change = 1 << iota // it was written or truncated, or its entries changed
	Extended                      // the file has grown
	Attributes                    // permissions, owner or times changed
	Linked                        // the number of hard links changed
	Renamed                       // the file was renamed
	Deleted                       // the file was removed, or the path no longer names a file
	Created                       // the path names a file that it did not name before
)

// Watcher watches paths. It is not safe for concurrent use.
type Watcher struct {
	kernel   kernel
	cleanup  runtime.Cleanup
	paths    map[*Path]struct{}
	failing  map[*Path]struct{} // paths with an incomplete trail
	outdated []*Path            // paths to look up again
	changed  []*Path            // paths to report
}

// kernel watches single files and directories. Each system has an implementation.
type kernel interface {
	// fd returns a descriptor that is readable while read has a change to report, or -1 if
	// there is none.
	fd() int
	// watch begins to watch the file or directory at path, which is not a symbolic link. It
	// returns the same node for the same file as long as the file exists and the node is used.
	// The error is errGone if there is no such file, and errUnreadable without the permission
	// to watch it.
	watch(path string, isDirectory bool) (*node, error)
	unwatch(n *node)
	// read calls happened for each change since the last call, without waiting. It reports
	// whether some were lost.
	read(happened func(n *node, entry string, change Change)) (lost bool, err error)
	close() error
	// held returns the owner of the kernel's descriptors, which does not refer to the nodes.
	held() descriptors
}

// ofContents holds the changes that do not affect the entries of a directory.
const ofContents = Modified | Extended | Attributes | Linked

// anyEntry is the entry of a change in a directory if the kernel does not report which entry
// changed.
const anyEntry = "/"

var (
	errGone       = errors.New("no such file")
	errUnreadable = errors.New("the file cannot be watched")
)

// New returns a Watcher. When Collect has something to do, FD becomes readable. On Windows there is
// no FD, and another goroutine calls notify.
//
// Errors: errors.ErrUnsupported on systems that cannot report changes; EMFILE.
func New(notify func()) (*Watcher, error) {
	k, err := newKernel(notify)
	if err != nil {
		return nil, err
	}
	w := newWatcher(k)
	w.cleanup = runtime.AddCleanup(w, descriptors.close, k.held())
	return w, nil
}

func newWatcher(k kernel) *Watcher {
	return &Watcher{kernel: k, paths: make(map[*Path]struct{}), failing: make(map[*Path]struct{})}
}

// FD returns the descriptor that is readable while Collect has something to do, or -1 on Windows.
func (w *Watcher) FD() int { return w.kernel.fd() }

// Len returns the number of watched paths.
func (w *Watcher) Len() int { return len(w.paths) }

// Add begins to watch a path, which need not exist yet. A relative path belongs to the current
// working directory.
//
// Errors: ENOENT for an empty path; EACCES without permission to search a directory or to read the
// file; ENOSPC and EMFILE if a system limit is reached.
func (w *Watcher) Add(name string, owner any) (*Path, error) {
	full, err := absolute(name)
	if err != nil {
		return nil, err
	}
	p := &Path{Owner: owner, name: full}
	if p.trail, err = w.walk(p); err != nil {
		w.release(p, p.trail)
		return nil, err
	}
	w.paths[p] = struct{}{}
	return p, nil
}

// Remove ends the watch of a path. Changes that were not collected are dropped.
func (w *Watcher) Remove(p *Path) {
	if _, ok := w.paths[p]; !ok {
		return
	}
	delete(w.paths, p)
	delete(w.failing, p)
	isIt := func(other *Path) bool { return other == p }
	w.outdated = slices.DeleteFunc(w.outdated, isIt)
	w.changed = slices.DeleteFunc(w.changed, isIt)
	w.release(p, p.trail)
	p.trail = trail{}
}

// Collect calls report once for each path that has changed since the last call. It does not wait.
// report must not call methods of the Watcher.
func (w *Watcher) Collect(report func(*Path, Change)) error {
	lost, err := w.kernel.read(w.happened)
	if lost {
		w.suspectAll()
	}
	for p := range w.failing {
		w.outdate(p)
	}
	for _, p := range w.outdated {
		p.isOutdated = false
		w.follow(p)
	}
	clear(w.outdated)
	w.outdated = w.outdated[:0]
	for _, p := range w.changed {
		change := p.change
		p.change = 0
		report(p, change)
	}
	clear(w.changed)
	w.changed = w.changed[:0]
	return err
}

// Failing reports whether a changed path could not be watched again completely. Each call of
// Collect retries, so call it from time to time.
func (w *Watcher) Failing() bool { return len(w.failing) > 0 }

// Close ends all watches. The garbage collector does the same if the Watcher becomes unreachable.
// So the function passed to New must not refer to the Watcher.
func (w *Watcher) Close() error {
	w.cleanup.Stop()
	w.paths, w.failing, w.outdated, w.changed = nil, nil, nil, nil
	return w.kernel.close()
}

// suspectAll reports all files as modified, and makes Collect look up all paths again.
func (w *Watcher) suspectAll() {
	for p := range w.paths {
		if p.target != nil {
			w.note(p, Modified)
		}
		w.outdate(p)
	}
}

// happened records a change of a node, or of an entry of a directory.
func (w *Watcher) happened(n *node, entry string, change Change) {
	if entry == "" {
		for _, p := range n.users[itself] {
			w.note(p, change)
		}
		if change&^(Modified|Extended) != 0 || change == 0 {
			w.outdateAll(n)
		}
		return
	}
	if change&ofContents == 0 {
		for _, p := range n.users[itself] {
			w.note(p, Modified)
		}
	}
	if entry == anyEntry {
		w.outdateAll(n)
		return
	}
	for _, p := range n.users[fold(entry)] {
		w.outdate(p)
		if p.target != nil && p.steps[len(p.steps)-1] == (step{n, fold(entry)}) {
			w.note(p, change)
		}
	}
}

// outdateAll makes Collect look up all paths again that pass through n or name it.
func (w *Watcher) outdateAll(n *node) {
	for _, paths := range n.users {
		for _, p := range paths {
			w.outdate(p)
		}
	}
}

func (w *Watcher) outdate(p *Path) {
	if !p.isOutdated {
		p.isOutdated = true
		w.outdated = append(w.outdated, p)
	}
}

func (w *Watcher) note(p *Path, change Change) {
	if p.change == 0 && change != 0 {
		w.changed = append(w.changed, p)
	}
	p.change |= change
}

// follow looks up a path again. The new watches begin before the old ones end, so that a watch in
// both misses nothing.
func (w *Watcher) follow(p *Path) {
	old := p.trail
	var err error
	if p.trail, err = w.walk(p); err == nil {
		delete(w.failing, p)
	} else {
		w.failing[p] = struct{}{}
	}
	switch {
	case p.target == old.target && (p.target == nil || !p.target.mayBeAnother() || p.directory() == old.directory()):
	case p.target == nil && err != nil: // the file may exist
	case p.target != nil:
		w.note(p, Created)
	case p.change&(Renamed|Deleted) == 0:
		w.note(p, Deleted)
	}
	w.release(p, old)
}

func errWatch(path, call string, err error, advice string) error {
	return fmt.Errorf("watch %s: %w", path, sys.WithAdvice(os.NewSyscallError(call, err), advice))
}
