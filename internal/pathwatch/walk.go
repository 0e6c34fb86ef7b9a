package pathwatch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Path is a watched name.
type Path struct {
	Owner      any // for the caller's use
	name       string
	trail      // where the name leads
	change     Change
	isOutdated bool // something on the way has changed
}

// trail is the way on which a name is looked up.
type trail struct {
	steps  []step
	target *node // nil if the name leads to nothing
}

// folder returns the folder in which the last entry was looked up, nil if none could be watched.
func (t *trail) folder() *node {
	if len(t.steps) == 0 {
		return nil
	}
	return t.steps[len(t.steps)-1].folder
}

// step is the look-up of an entry in a folder.
type step struct {
	folder *node
	entry  string
}

// node is a watched file or folder. It is shared by all names that lead to it or pass it.
type node struct {
	watched // what the kernel needs to know of it
	// users are the names that look up an entry in the folder, by that entry.
	users map[string][]*Path
}

// leadsHere is the entry under which a node lists the names that lead to it.
const leadsHere = ""

func (n *node) use(entry string, p *Path) {
	if n.users == nil {
		n.users = make(map[string][]*Path)
	}
	n.users[entry] = append(n.users[entry], p)
}

// unuse takes p from the users once, and reports whether nobody is left.
func (n *node) unuse(entry string, p *Path) bool {
	users := n.users[entry]
	if i := slices.Index(users, p); i >= 0 {
		last := len(users) - 1
		users[i], users[last] = users[last], nil
		n.users[entry] = users[:last]
	}
	if len(n.users[entry]) == 0 {
		delete(n.users, entry)
	}
	return len(n.users) == 0
}

// maxLinks is how many symbolic links a name may pass, as on Linux.
const maxLinks = 40

// walk looks a name up, one entry after the other, and watches each folder before it looks there.
// An error leaves the trail as far as it was found.
func (w *Watcher) walk(p *Path) (t trail, err error) {
	at, rest := fromRoot(p.name, "")
	for links := 0; ; {
		var entry string
		entry, rest = nextEntry(rest)
		switch entry {
		case "":
			err = w.lead(p, &t, at, true)
			return t, err
		case ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		if gone, err := w.pass(p, &t, at, fold(entry)); gone || err != nil {
			return t, err
		}
		next := filepath.Join(at, entry)
		info, err := os.Lstat(next)
		if err != nil {
			return t, unlessGone(err)
		}
		target := ""
		if info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
			target, _ = os.Readlink(next) // it may be something else by now, or a device of Windows
		}
		switch {
		case target != "":
			if links++; links > maxLinks {
				return t, nil
			}
			if filepath.VolumeName(target) != "" || os.IsPathSeparator(target[0]) {
				at, target = fromRoot(target, filepath.VolumeName(at))
			}
			rest = target + rest
		case rest == "" || info.IsDir() && strings.Trim(rest, separators) == "":
			err = w.lead(p, &t, next, info.IsDir())
			return t, err
		case !info.IsDir():
			return t, nil
		default:
			at = next
		}
	}
}

// fromRoot cuts the root off a name, which is that of volume if the name has none.
func fromRoot(name, volume string) (root, rest string) {
	if own := filepath.VolumeName(name); own != "" {
		name, volume = name[len(own):], own
	}
	return volume + string(filepath.Separator), name
}

// pass watches a folder in which the name is looked up. A folder that may be searched but not be
// listed cannot be watched: a change of the name there is seen only if the file itself changes.
func (w *Watcher) pass(p *Path, t *trail, at, entry string) (gone bool, err error) {
	folder, err := w.kernel.watch(at, true)
	switch {
	case errors.Is(err, errGone):
		return true, nil
	case errors.Is(err, errUnreadable):
		return false, nil
	case err != nil:
		return false, err
	}
	folder.use(entry, p)
	t.steps = append(t.steps, step{folder, entry})
	return false, nil
}

// lead watches the file or folder at the end of the way.
func (w *Watcher) lead(p *Path, t *trail, at string, isFolder bool) error {
	target, err := w.kernel.watch(at, isFolder)
	switch {
	case errors.Is(err, errGone):
		return nil
	case errors.Is(err, errUnreadable):
		return errWatch(at, "open", syscall.EACCES, "reading it must be permitted")
	case err != nil:
		return err
	}
	target.use(leadsHere, p)
	t.target = target
	return nil
}

// release ends the use of a way.
func (w *Watcher) release(p *Path, t trail) {
	for _, step := range t.steps {
		if step.folder.unuse(step.entry, p) {
			w.kernel.unwatch(step.folder)
		}
	}
	if t.target != nil && t.target.unuse(leadsHere, p) {
		w.kernel.unwatch(t.target)
	}
}

// unlessGone is err, but nil if it only means that there is nothing.
func unlessGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}

func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// nextEntry cuts the first entry off a name.
func nextEntry(name string) (entry, rest string) {
	name = strings.TrimLeft(name, separators)
	if i := strings.IndexAny(name, separators); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}
