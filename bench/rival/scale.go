//go:build linux

package rival

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The metrics of scale. Each value is the total of all sources.
const (
	Resident = "resident" // bytes of the process
	Kernel   = "kernel"   // bytes of the kernel's objects
	Register = "register" // processor time to register
	Deliver  = "deliver"  // processor time of an event of each
)

// scaleDescriptors registers numbers[0] descriptors and then makes all of them ready.
func scaleDescriptors(who string, numbers []int) (work, error) {
	fds, err := eventfds(numbers[0], 0)
	if err != nil {
		return nil, err
	}
	one := []byte{1, 0, 0, 0, 0, 0, 0, 1}
	return func(int) map[string]float64 {
		var wait func() (int, error)
		took := grow(func() {
			var err error
			wait, err = waiter(who, fds, 1024, 0)
			must(err)
		})
		for _, fd := range fds {
			_, err := unix.Write(fd, one)
			must(err)
		}
		used := processorTime()
		for left := len(fds); left > 0; {
			n, err := wait()
			must(err)
			for _, fd := range fds[len(fds)-left:][:n] { // in the order of readiness
				_, err := rawRead(fd)
				must(err)
			}
			left -= n
		}
		took[Deliver] = processorTime() - used
		return took
	}, nil
}

// scaleTimers registers numbers[0] timers and then resets them, so that they expire together.
func scaleTimers(who string, numbers []int) (work, error) {
	count := numbers[0]
	return func(int) map[string]float64 {
		var reset resetter
		var await func(int)
		took := grow(func() {
			var err error
			reset, await, err = arm(who, count)
			must(err)
		})
		used := processorTime()
		for i := range count {
			reset(i, time.Millisecond)
		}
		await(count)
		took[Deliver] = processorTime() - used
		return took
	}, nil
}

// grow measures the memory and the processor time that register takes.
func grow(register func()) map[string]float64 {
	process, kernel, used := resident(), slabs(), processorTime()
	register()
	used = processorTime() - used
	return map[string]float64{Resident: resident() - process, Kernel: slabs() - kernel, Register: used}
}

// slabs returns the memory of the kernel's objects in bytes, including those of other processes.
// Writing to stat_refresh makes the kernel add up the counts of all processors. The write fails
// without privileges, which is ignored.
func slabs() float64 {
	_ = os.WriteFile("/proc/sys/vm/stat_refresh", []byte("1"), 0) // the file exists
	return statistic("/proc/meminfo", "Slab:") * 1024
}
