package measure

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// Machine describes the machine of a measurement.
type Machine struct {
	System    string  `json:"system"` // name, release and processor architecture
	Processor string  `json:"processor"`
	CPUs      int     `json:"cpus"`
	Go        string  `json:"go"`
	Load      float64 `json:"load"` // load average of the minute before, negative if unknown
}

// String describes the machine in one line.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d × %s, %s", m.System, m.CPUs, m.Processor, m.Go)
}

func thisMachine() Machine {
	processor := strings.Join(strings.Fields(cpuid.CPU.BrandName), " ")
	if processor == "" {
		processor = runtime.GOARCH
	}
	return Machine{System: system() + " " + runtime.GOARCH, Processor: processor, CPUs: runtime.NumCPU(), Go: runtime.Version(), Load: load()}
}

// load returns the load average of the last minute, or -1 if /proc/loadavg cannot be read.
func load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return -1
	}
	first, _, _ := strings.Cut(string(text), " ")
	average, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return -1
	}
	return average
}
