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

// Path is a watched path.
type Path struct {
	Owner      any // for the caller's use
	name       string
	trail      // the result of the last look-up
	change     Change
	isOutdated bool // the path must be looked up again
}

// trail is the result of looking up a path.
type trail struct {
	steps  []step
	target *node // nil if the path names no file
}

// directory returns the directory in which the last entry was looked up, or nil if none could be
// watched.
func (t *trail) directory() *node {
	if len(t.steps) == 0 {
		return nil
	}
	return t.steps[len(t.steps)-1].directory
}

// step is the look-up of an entry in a directory.
type step struct {
	directory *node
	entry     string
}

// node is a watched file or directory. All paths that name it or pass through it share it.
type node struct {
	watched // the state of the kernel's implementation
	// users holds the paths that look up an entry in the directory, by that entry.
	users map[string][]*Path
}

// itself is the entry under which a node lists the paths that name it.
const itself = ""

func (n *node) use(entry string, p *Path) {
	if n.users == nil {
		n.users = make(map[string][]*Path)
	}
	n.users[entry] = append(n.users[entry], p)
}

// unuse removes p from the users once, and reports whether no user is left.
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

// maxLinks is the number of symbolic links that a path may pass through, as on Linux.
const maxLinks = 40

// walk looks up a path, one entry after the other. It watches each directory before it looks up an
// entry there. After an error it returns the trail up to the failed entry.
func (w *Watcher) walk(p *Path) (t trail, err error) {
	at, rest := fromRoot(p.name, "")
	for links := 0; ; {
		var entry string
		entry, rest = nextEntry(rest)
		switch entry {
		case "":
			err = w.watchTarget(p, &t, at, true)
			return t, err
		case ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		if gone, err := w.watchDirectory(p, &t, at, fold(entry)); gone || err != nil {
			return t, err
		}
		next := filepath.Join(at, entry)
		info, target, err := lookUp(next)
		if err != nil {
			return t, ignoreGone(err)
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
			err = w.watchTarget(p, &t, next, info.IsDir())
			return t, err
		case !info.IsDir():
			return t, nil
		default:
			at = next
		}
	}
}

// lookUp returns the kind of a file, and the target of a symbolic link.
func lookUp(name string) (info fs.FileInfo, target string, err error) {
	info, err = os.Lstat(name)
	if err == nil && info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		target, _ = os.Readlink(name) // fails for a device or a replaced entry
	}
	return info, target, err
}

// fromRoot splits the root off a path. Without a volume of its own, the path belongs to volume.
func fromRoot(name, volume string) (root, rest string) {
	if own := filepath.VolumeName(name); own != "" {
		name, volume = name[len(own):], own
	}
	return volume + string(filepath.Separator), name
}

// watchDirectory watches a directory of the path. A directory that may be searched but not read
// cannot be watched. A change of the entry there is detected only if the file itself changes.
func (w *Watcher) watchDirectory(p *Path, t *trail, at, entry string) (gone bool, err error) {
	directory, err := w.kernel.watch(at, true)
	switch {
	case errors.Is(err, errGone):
		return true, nil
	case errors.Is(err, errUnreadable):
		return false, nil
	case err != nil:
		return false, err
	}
	directory.use(entry, p)
	t.steps = append(t.steps, step{directory, entry})
	return false, nil
}

// watchTarget watches the file or directory at the end of the path.
func (w *Watcher) watchTarget(p *Path, t *trail, at string, isDirectory bool) error {
	target, err := w.kernel.watch(at, isDirectory)
	switch {
	case errors.Is(err, errGone):
		return nil
	case errors.Is(err, errUnreadable):
		return errWatch(at, "open", syscall.EACCES, "reading it must be permitted")
	case err != nil:
		return err
	}
	target.use(itself, p)
	t.target = target
	return nil
}

// release ends the use of the nodes of a trail.
func (w *Watcher) release(p *Path, t trail) {
	for _, step := range t.steps {
		if step.directory.unuse(step.entry, p) {
			w.kernel.unwatch(step.directory)
		}
	}
	if t.target != nil && t.target.unuse(itself, p) {
		w.kernel.unwatch(t.target)
	}
}

// ignoreGone returns err, or nil if err only means that there is no such file.
func ignoreGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}

func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// nextEntry splits the first entry off a path.
func nextEntry(name string) (entry, rest string) {
	name = strings.TrimLeft(name, separators)
	if i := strings.IndexAny(name, separators); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}
