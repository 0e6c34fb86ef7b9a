package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"iomux/cmd/iomux-bench/internal/chart"
	"iomux/cmd/iomux-bench/internal/measure"
)

// formats is how a result is written to a file, by the end of the file's name.
var formats = map[string]func(io.Writer, *measure.Result) error{
	".svg":  chart.SVG,
	".png":  chart.PNG,
	".html": chart.HTML,
	".json": writeJSON,
	".csv":  writeCSV,
}

// formatNames is the ends of names that formats has.
func formatNames() []string { return []string{".svg", ".png", ".html", ".json", ".csv"} }

// output is the file that the result is going to be in. It takes its name when it is whole; until
// then a file that had the name before is left as it was.
type output struct {
	name   string // as the user wrote it; empty for none
	path   string // where a symbolic link leads
	format func(io.Writer, *measure.Result) error
	file   *os.File
}

// reservation is more than any result takes.
const reservation = 1 << 20

// reserve finds out whether the file can be made, and whether there is room for it.
func reserve(name string) (*output, error) {
	o := &output{name: name, path: name}
	if name == "" {
		return o, nil
	}
	if o.format = formats[strings.ToLower(filepath.Ext(name))]; o.format == nil {
		return nil, misuse("--out: %s: the end of the name tells what to make: use %s", name, strings.Join(formatNames(), ", "))
	}
	if err := o.open(); err != nil {
		o.discard()
		if path := (*os.PathError)(nil); errors.As(err, &path) {
			err = path.Err // the path is of no interest to who does not know the temporary name
		}
		return nil, fmt.Errorf("%s cannot be made: %w", name, err)
	}
	return o, nil
}

func (o *output) open() error {
	if target, err := filepath.EvalSymlinks(o.path); err == nil {
		o.path = target
	}
	mode := os.FileMode(0o666)
	if info, err := os.Stat(o.path); err == nil {
		existing, err := os.OpenFile(o.path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() { // a device, say, which nothing can take the place of
			o.file = existing
			return nil
		}
		_ = existing.Close()
		mode = info.Mode().Perm()
	}
	folder, base := filepath.Split(o.path)
	var err error
	temporary := filepath.Join(folder, fmt.Sprintf(".%s.%d", base, os.Getpid()))
	if o.file, err = os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode); err != nil {
		return err
	}
	if _, err := o.file.Write(make([]byte, reservation)); err != nil {
		return err
	}
	return o.file.Sync() // some file systems find out late
}

func (o *output) isTemporary() bool { return o.file != nil && o.file.Name() != o.path }

// discard leaves nothing behind. After write there is nothing to do.
func (o *output) discard() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	if o.isTemporary() {
		_ = os.Remove(o.file.Name())
	}
}

func (o *output) write(r *measure.Result) error {
	if o.file == nil {
		return nil
	}
	var whole bytes.Buffer
	if err := o.format(&whole, r); err != nil {
		return err
	}
	if o.isTemporary() {
		if err := o.file.Truncate(0); err != nil {
			return err
		}
		if _, err := o.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	_, err := o.file.Write(whole.Bytes())
	if err := errors.Join(err, o.file.Close()); err != nil {
		return err
	}
	if !o.isTemporary() {
		return nil
	}
	if err := os.Rename(o.file.Name(), o.path); err != nil {
		return err
	}
	o.file = nil
	return nil
}
