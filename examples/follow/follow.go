package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"iomux/descriptor"
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
	// First watch, then read: data appended in between is reported.
	if err := watch(queue, files, quiet); err != nil {
		return err
	}
	for _, file := range files {
		if _, err := io.Copy(w, file); err != nil {
			return err
		}
	}
	return copyAppended(w, queue, files, quiet)
}

// watch registers the files, the timer and the signal. The Udata of a file is its index.
func watch(queue *kqueue.Queue, files []*os.File, quiet time.Duration) error {
	changes := []kqueue.Event{restart(quiet), {Ident: uint64(syscall.SIGINT), Filter: kqueue.FilterSignal, Flags: kqueue.EvAdd}}
	for i, file := range files {
		fd, err := descriptor.Of(file)
		if err != nil {
			return err
		}
		changes = append(changes, kqueue.Event{
			Ident: uint64(fd), Filter: kqueue.FilterVnode, Flags: kqueue.EvAdd | kqueue.EvClear,
			Fflags: kqueue.NoteWrite | kqueue.NoteExtend, Udata: uint64(i),
		})
	}
	_, err := queue.Control(changes, nil, 0)
	return err
}

// copyAppended copies appended data to w until the timer expires or the signal arrives.
func copyAppended(w io.Writer, queue *kqueue.Queue, files []*os.File, quiet time.Duration) error {
	var changes []kqueue.Event
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
