package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const makefile = `
good:
	@echo fine
bad:
	@exit 3
slow:
	@echo $$$$ >pid; sleep 100
`

// inMakefile changes to a folder with the makefile.
func inMakefile(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("this machine has no make")
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("Makefile", []byte(makefile), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRunReportsFailedSteps(t *testing.T) {
	inMakefile(t)
	for _, c := range []struct {
		steps []string
		want  bool
	}{{[]string{"good"}, true}, {[]string{"good", "bad", "good"}, false}, {nil, true}} {
		r := newRun(c.steps)
		r.all(t.Context())
		if got := r.report(); got != c.want || len(r.results) != len(c.steps) {
			t.Errorf("%q: passed: %v with %d results, want %v", c.steps, got, len(r.results), c.want)
		}
	}
}

// TestRunReplacesStepsThatItLeavesOut makes the probe of a step fail.
func TestRunReplacesStepsThatItLeavesOut(t *testing.T) {
	inMakefile(t)
	probes["good"] = func(context.Context) string { return "no reason" }
	instead["good"] = "bad"
	defer func() { delete(probes, "good"); delete(instead, "good") }()
	r := newRun([]string{"good"})
	r.all(t.Context())
	if len(r.results) != 2 || r.results[0].left != "no reason" || r.results[1].step != "bad" || r.report() {
		t.Errorf("%+v", r.results)
	}
}

func TestInterruptedRunFailsAndLeavesNoProcess(t *testing.T) {
	inMakefile(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	probes["good"] = func(ctx context.Context) string { <-ctx.Done(); return "it was interrupted" }
	defer delete(probes, "good")
	start := time.Now()
	r := newRun([]string{"slow", "good"})
	r.all(ctx)
	if r.report() || time.Since(start) > 15*time.Second {
		t.Errorf("the run passed, or took %v: %+v", time.Since(start), r.results)
	}
	for _, one := range r.results {
		if one.err == nil || one.left != "" {
			t.Errorf("step %s: %v, left out: %q", one.step, one.err, one.left)
		}
	}
	pid, err := os.ReadFile("pid")
	if err != nil {
		t.Fatal("the slow step did not start:", err)
	}
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
	if err == nil && !strings.Contains(string(stat), ") Z ") {
		t.Errorf("the slow step still runs: %s", stat)
	}
}
