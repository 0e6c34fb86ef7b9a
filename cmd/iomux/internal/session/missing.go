package session

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"iomux/cmd/iomux/internal/suggest"
)

// missing explains a path that does not exist and looks like a misspelt source, or like a command
// whose -- was forgotten. Other missing paths are left to open.
func (s source) missing(opts *Options) error {
	if s.kind != kindPath {
		return nil
	}
	if _, err := os.Lstat(s.path); err == nil || !os.IsNotExist(err) {
		return nil
	}
	if meant := s.meant(); meant != "" {
		return fmt.Errorf("%s: no such file: did you mean %s?", printable(s.text), printable(meant))
	}
	if _, err := exec.LookPath(s.path); err == nil && opts.Command == nil {
		return fmt.Errorf("%s: no such file: to run the command %[1]s, write -- before it", s.text)
	}
	return nil
}

// meant returns the source that the text most likely stands for, or "". A slash or a single letter
// before the colon begins a path.
func (s source) meant() string {
	name, rest, given := strings.Cut(s.text, ":")
	if strings.ContainsAny(name, `/\`) || len(name) == 1 {
		return ""
	}
	if !given {
		return suggest.Nearest(name, "stdin")
	}
	for _, scheme := range schemes {
		switch {
		case name+"://" != scheme.prefix:
		case scheme.kind == kindUnix:
			return scheme.prefix + rest
		default:
			return scheme.prefix + strings.TrimLeft(rest, "/")
		}
	}
	if _, err := strconv.ParseUint(rest, 10, 16); err == nil && len(name) > len("signal") {
		return "tcp://" + s.text
	}
	if nearest := suggest.Nearest(name, "fd", "timer", "pid", "path", "exists", "signal"); nearest != "" {
		return nearest + ":" + rest
	}
	return ""
}
