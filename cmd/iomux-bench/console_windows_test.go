package main

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/test/suite"
	"iomux/internal/test/wine"
)

// TestCtrlCEndsTheMeasurement presses Ctrl-C once the temporary file exists.
func TestCtrlCEndsTheMeasurement(t *testing.T) {
	if !suite.InConsole(t) {
		return
	}
	folder := wine.Folder(t)
	cmd := exec.CommandContext(t.Context(), program(t), "--descriptors", "1", "--duration", "60s", "--out", filepath.Join(folder, "result.csv"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if entries, err := os.ReadDir(folder); len(entries) > 0 || err != nil {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal("no temporary file after 20 s")
		}
	}
	// The event reaches every process of the console, so this one catches it, too.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	defer signal.Stop(caught)
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_C_EVENT, 0); err != nil {
		t.Fatal("GenerateConsoleCtrlEvent:", err)
	}
	<-caught
	_ = cmd.Wait() // its error is the exit status
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit status %d, want 130", got)
	}
	if entries, err := os.ReadDir(folder); len(entries) > 0 || err != nil {
		t.Errorf("files left: %v, %v", entries, err)
	}
}
