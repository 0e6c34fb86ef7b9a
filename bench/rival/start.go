//go:build linux

package rival

import (
	"os"
	"os/exec"
	"time"
)

// ProgramVariable is the environment variable that names the program for the work start.
const ProgramVariable = "IOMUX_BENCH_PROGRAM"

// starts runs a program from its start to its end and returns the processor time of all runs.
func starts(who string, _ []int) (work, error) {
	var arguments []string
	if who == Command {
		arguments = []string{"wait", "timer:1ms"}
	}
	return func(n int) map[string]float64 {
		var used time.Duration
		for range n {
			program := exec.Command(os.Getenv(ProgramVariable), arguments...)
			must(program.Run())
			used += program.ProcessState.UserTime() + program.ProcessState.SystemTime()
		}
		return map[string]float64{"child": float64(used)}
	}, nil
}
