package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

const makefile = `
good:
	@echo fine >"$$TMPDIR/left"; echo "$$TMPDIR" >folder
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
	folder, err := os.ReadFile("folder")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(strings.TrimSpace(string(folder))); !os.IsNotExist(err) {
		t.Errorf("the temporary folder %s is left: %v", folder, err)
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
	slowHasEnded(t)
}

// slowHasEnded checks that the step slow was started and does not run any more.
func slowHasEnded(t *testing.T) {
	t.Helper()
	if slowRuns(t) {
		t.Error("the slow step still runs")
	}
}

// slowRuns reports whether the step slow runs. It must have been started.
func slowRuns(t *testing.T) bool {
	t.Helper()
	pid, err := os.ReadFile("pid")
	if err != nil {
		t.Fatal("the slow step did not start:", err)
	}
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// asCommand is an environment variable that makes this program the command.
const asCommand = "IOMUX_CHECK_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestSignalsEndTheSteps(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE} {
		t.Run(signal.String(), func(t *testing.T) {
			inMakefile(t)
			cmd := startSlow(t, "exec \"$0\" slow")
			if err := cmd.Process.Signal(signal); err != nil {
				t.Error(err)
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("the command ended with %v, want exit status 1", err)
			}
			slowHasEnded(t)
		})
	}
}

// startSlow starts the line of shell, in which $0 is this command, and waits for the step slow.
func startSlow(t *testing.T, line string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Skip("this system does not know the path of the test binary:", err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line, program)
	cmd.Env = append(os.Environ(), asCommand+"=yes")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if text, _ := os.ReadFile("pid"); len(text) > 0 {
			break
		}
	}
	return cmd
}

// TestKilledParentEndsTheSteps kills a shell between the test and the command.
func TestKilledParentEndsTheSteps(t *testing.T) {
	killedEndsTheSteps(t, "\"$0\" slow; :")
}

func TestKilledCommandEndsTheSteps(t *testing.T) {
	killedEndsTheSteps(t, "exec \"$0\" slow")
}

// killedEndsTheSteps starts the line of shell as startSlow does, and kills its process.
func killedEndsTheSteps(t *testing.T, line string) {
	t.Helper()
	inMakefile(t)
	cmd := startSlow(t, line)
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	for deadline := time.Now().Add(30 * time.Second); slowRuns(t) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	slowHasEnded(t)
}
