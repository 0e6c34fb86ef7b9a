package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"iomux/kqueue"
)

// quietTimer is the ident of the timer that expires after a time without appended data.
const quietTimer = 1

// follow copies the files to w, and then the data that is appended to them. It ends if no data was
// appended for the time quiet, or if the program is interrupted.
func follow(w io.Writer, names []string, quiet time.Duration) (err error) {
	queue, err := kqueue.New()
	if err != nil {
		return err
	}
	defer func() {
		if errClose := queue.Close(); err == nil {
			err = errClose
		}
	}()
	files, err := openAll(names)
	if err != nil {
		return err
	}
	defer closeAll(files)
	changes := []kqueue.Event{restart(quiet), {Ident: uint64(syscall.SIGINT), Filter: kqueue.FilterSignal, Flags: kqueue.EvAdd}}
	for i, file := range files {
		changes = append(changes, kqueue.Event{
			Ident: uint64(file.Fd()), Filter: kqueue.FilterVnode, Flags: kqueue.EvAdd | kqueue.EvClear,
			Fflags: kqueue.NoteWrite | kqueue.NoteExtend, Udata: uint64(i),
		})
	}
	// First watch, then read: data appended in between is reported.
	if _, err := queue.Control(changes, nil, 0); err != nil {
		return err
	}
	for _, file := range files {
		if _, err := io.Copy(w, file); err != nil {
			return err
		}
	}
	changes = nil
	events := make([]kqueue.Event, 16)
	for {
		n, err := queue.Control(changes, events, -1)
		if err != nil {
			return err
		}
		changes = changes[:0]
		for _, event := range events[:n] {
			switch {
			case event.Flags&kqueue.EvError != 0:
				return fmt.Errorf("watch %v %d: %w", event.Filter, event.Ident, syscall.Errno(event.Data))
			case event.Filter != kqueue.FilterVnode:
				return nil // the timer or the signal
			}
			if _, err := io.Copy(w, files[event.Udata]); err != nil {
				return err
			}
			changes = append(changes, restart(quiet))
		}
	}
}

func openAll(names []string) (files []*os.File, err error) {
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close() // it was open for reading only
	}
}

// restart returns the change that starts the timer again.
func restart(quiet time.Duration) kqueue.Event {
	return kqueue.Event{Ident: quietTimer, Filter: kqueue.FilterTimer, Flags: kqueue.EvAdd | kqueue.EvOneShot, Data: quiet.Milliseconds()}
}
