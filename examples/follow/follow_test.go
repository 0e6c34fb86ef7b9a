package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"iomux/internal/test/wine"
)

// safeBuffer is a bytes.Buffer that two goroutines use.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func TestAppendedTextIsPrinted(t *testing.T) {
	t.Parallel()
	names := []string{filepath.Join(wine.Folder(t), "a"), filepath.Join(wine.Folder(t), "b")}
	for _, name := range names {
		appendTo(t, name, "old "+filepath.Base(name)+"\n")
	}
	if err := follow(new(bytes.Buffer), names, time.Nanosecond); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this system cannot watch files:", err)
	}
	var output safeBuffer
	done := make(chan error, 1)
	go func() { done <- follow(&output, names, 2*time.Second) }()
	want := "old a\nold b\n"
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		awaitOutput(t, &output, want)
		appendTo(t, names[len(line)%2], line)
		want += line
	}
	awaitOutput(t, &output, want)
	if err := <-done; err != nil {
		t.Error("follow:", err)
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	t.Parallel()
	err := follow(new(bytes.Buffer), []string{filepath.Join("no", "such", "file")}, time.Second)
	if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("follow = %v, want os.ErrNotExist", err)
	}
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

func awaitOutput(t *testing.T, output *safeBuffer, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); output.String() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the output is %q, want %q", output.String(), want)
		}
	}
}
