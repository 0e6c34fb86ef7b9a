// Package pathwatch reports what happens to the file or folder that a name leads to, whatever that
// is at the time. The name may begin to lead to another file, or to none: a watch follows it
// through saves by rename, swapped symbolic links and replaced folders.
//
// Every folder in which the name is looked up is watched, before the look-up. So a later change of
// the look-up is always seen, and no file is missed between the look-up and its watch.
//
// Changes on other computers of a network file system are not seen, nor those of /proc and /sys, of
// memory-mapped files, and of file systems mounted over a folder on the way.
package pathwatch

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
)

// Change is a set of things that happened to a path.
type Change uint32

// The changes. The package iomux has the same.
const (
	Modified   Change = 1 << iota // contents were written or truncated, or the entries of a folder changed
	Extended                      // the file has grown
	Attributes                    // permissions, owner or times changed
	Linked                        // the number of hard links changed
	Renamed                       // the file was moved to another name
	Deleted                       // the file was removed, or the name leads to nothing now
	Created                       // the name leads to a file that it did not lead to before
)

// Watcher watches names. It is not safe for concurrent use.
type Watcher struct {
	kernel   kernel
	cleanup  runtime.Cleanup
	paths    map[*Path]struct{}
	failing  map[*Path]struct{} // those of an incomplete trail
	outdated []*Path            // to be looked up again
	changed  []*Path            // to be reported
}

// kernel watches single files and folders. There is one for each system.
type kernel interface {
	// fd returns a descriptor that is readable while read has something to report, -1 if there is
	// none.
	fd() int
	// watch begins to watch the file or folder at path, which is no symbolic link. It returns the
	// same node for the same file as long as the file exists and the node is used. The error is
	// errGone if there is no such file now, and errUnreadable if the kernel does not let us watch
	// it.
	watch(path string, isFolder bool) (*node, error)
	unwatch(n *node)
	// read calls happened for each change since the last call, without waiting. It reports whether
	// some were lost.
	read(happened func(n *node, entry string, change Change)) (lost bool, err error)
	close() error
	// held returns what keeps the kernel's descriptors open, which does not reach the nodes.
	held() descriptors
}

// ofContents are the changes that leave the entries of a folder as they are.
const ofContents = Modified | Extended | Attributes | Linked

// anyEntry is the entry of a change in a folder if the kernel does not report which entry changed.
const anyEntry = "/"

var (
	errGone       = errors.New("no such file")
	errUnreadable = errors.New("the file cannot be watched")
)

// New returns a Watcher. On Windows it calls notify from another goroutine each time Collect has
// something to do; elsewhere FD becomes readable.
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

// FD returns the descriptor that is readable while Collect has something to do, -1 on Windows.
func (w *Watcher) FD() int { return w.kernel.fd() }

// Len returns the number of watched names.
func (w *Watcher) Len() int { return len(w.paths) }

// Add begins to watch a name, which need not lead to a file yet. A relative name belongs to the
// folder that is the current one now.
//
// Errors: ENOENT for an empty name; EACCES if a folder may not be searched or the file may not be
// watched; ENOSPC and EMFILE if the system's limits are reached.
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

// Remove ends the watch of a name. Changes that were not collected are forgotten.
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

// Collect calls report for each path that has changed since the last call, and once for each. It
// does not wait. report must not call methods of the Watcher.
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

// Failing reports whether a name that has changed could not be watched again completely. Collect
// tries again, so it should be called from time to time.
func (w *Watcher) Failing() bool { return len(w.failing) > 0 }

// Close ends all watches. The garbage collector closes the descriptor of a Watcher that is not
// reachable any more.
func (w *Watcher) Close() error {
	w.cleanup.Stop()
	w.paths, w.failing, w.outdated, w.changed = nil, nil, nil, nil
	return w.kernel.close()
}

// suspectAll reports all files as modified, and looks all names up again.
func (w *Watcher) suspectAll() {
	for p := range w.paths {
		if p.target != nil {
			w.note(p, Modified)
		}
		w.outdate(p)
	}
}

// happened notes a change of a node, or of an entry of a folder.
func (w *Watcher) happened(n *node, entry string, change Change) {
	if entry == "" {
		for _, p := range n.users[leadsHere] {
			w.note(p, change)
		}
		if change&^(Modified|Extended) != 0 || change == 0 {
			w.outdateAll(n)
		}
		return
	}
	if change&ofContents == 0 {
		for _, p := range n.users[leadsHere] {
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

// outdateAll makes all names that pass n or lead to it be looked up again.
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

// follow looks a name up again. The new watches begin before the old ones end, so that those in
// both miss nothing.
func (w *Watcher) follow(p *Path) {
	old := p.trail
	var err error
	if p.trail, err = w.walk(p); err == nil {
		delete(w.failing, p)
	} else {
		w.failing[p] = struct{}{}
	}
	switch {
	case p.target == old.target && (p.target == nil || !p.target.mayBeAnother() || p.folder() == old.folder()):
	case p.target == nil && err != nil: // it may be there
	case p.target != nil:
		w.note(p, Created)
	case p.change&(Renamed|Deleted) == 0:
		w.note(p, Deleted)
	}
	w.release(p, old)
}

func errWatch(path, call string, err error, advice string) error {
	if advice != "" {
		advice = " (" + advice + ")"
	}
	return fmt.Errorf("watch %s: %w%s", path, os.NewSyscallError(call, err), advice)
}
