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

// formats maps the extension of a file name to the function that writes the file.
var formats = map[string]func(io.Writer, *measure.Result) error{
	".svg":  chart.SVG,
	".png":  chart.PNG,
	".html": chart.HTML,
	".json": writeJSON,
	".csv":  writeCSV,
}

// formatNames returns the extensions in formats, in the order in which messages list them.
func formatNames() []string { return []string{".svg", ".png", ".html", ".json", ".csv"} }

// output is the file for the results. It has a temporary name until it is complete. An older file
// with the final name stays unchanged until then.
type output struct {
	name   string // as given; empty for none
	path   string // name, with symbolic links resolved
	format func(io.Writer, *measure.Result) error
	file   *os.File
}

// reservation is the number of bytes reserved on the disk. Most results need less.
const reservation = 1 << 20

// reserve creates the temporary file and reserves space, to fail before the measurement instead of
// after it.
func reserve(name string) (*output, error) {
	o := &output{name: name, path: name}
	if name == "" {
		return o, nil
	}
	if o.format = formats[strings.ToLower(filepath.Ext(name))]; o.format == nil {
		return nil, misuse("--out: %s: the extension of the name chooses the format: use %s", name, strings.Join(formatNames(), ", "))
	}
	if err := o.open(); err != nil {
		o.discard()
		if path := (*os.PathError)(nil); errors.As(err, &path) {
			err = path.Err // the user does not know the temporary path
		}
		return nil, fmt.Errorf("%s: cannot create the file: %w", name, err)
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
		if !info.Mode().IsRegular() { // a device, for example, which a rename would replace
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
	return o.file.Sync() // some file systems report a full disk only here
}

func (o *output) isTemporary() bool { return o.file != nil && o.file.Name() != o.path }

// discard closes the file. It removes the temporary file, unless write has renamed it.
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
