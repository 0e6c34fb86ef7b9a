//go:build linux

// Command faults runs a scenario with each object of iomux while one of its system calls fails.
// strace makes the calls fail: each call with errnos of its manual page, at each of its
// occurrences. A scenario passes if nothing hangs, no event is lost, and no descriptor and no
// goroutine is left.
//
//	faults [-sample N] [-seed S] [-run REGEXP]
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"sync"
)

// pageErrnos maps the system calls of the library to errnos from their manual pages. The Go runtime
// uses epoll_pwait and write, too, and ends the process after most other errnos.
//
// These calls of the library are missing:
//
//   - close, because an injected failure leaves the descriptor open, and a real one does not
//   - pipe2, because the library opens no pipe on Linux
//   - getsockopt, lseek, timerfd_settime and prlimit64, which fail only for wrong arguments
//   - exit_group, mmap and the calls for signals and threads, which only the Go runtime makes
var pageErrnos = map[string][]string{
	"epoll_create1":     {"EMFILE", "ENFILE", "ENOMEM"},
	"eventfd2":          {"EMFILE", "ENFILE", "ENOMEM"},
	"epoll_ctl":         {"ENOMEM", "ENOSPC"},
	"?epoll_wait":       {"EINTR", "ENOSYS"},
	"epoll_pwait":       {"EINTR"},
	"epoll_pwait2":      {"EINTR", "ENOSYS"},
	"?poll":             {"EINTR", "ENOMEM", "ENOSYS"},
	"ppoll":             {"EINTR", "ENOMEM"},
	"?select":           {"EINTR", "ENOMEM", "ENOSYS"},
	"pselect6":          {"EINTR", "ENOMEM"},
	"fcntl":             {"EMFILE"},
	"dup3":              {"EMFILE", "EINTR"},
	"timerfd_create":    {"EMFILE", "ENFILE", "ENOMEM"},
	"pidfd_open":        {"EMFILE", "ENFILE", "ENOMEM", "ENOSYS"},
	"inotify_init1":     {"EMFILE", "ENFILE", "ENOMEM"},
	"inotify_add_watch": {"ENOMEM", "ENOSPC"},
	"inotify_rm_watch":  {"EINVAL"},
	"getcwd":            {"ENOENT", "ENOMEM"},
	"pread64":           {"EINTR", "EIO"},
	"preadv2":           {"EINTR", "EAGAIN", "EOPNOTSUPP"},
	"pwritev2":          {"EINTR", "EAGAIN", "EOPNOTSUPP"},
	"getsockname":       {"ENOBUFS"},
	"read":              {"EINTR", "EAGAIN"},
	"write":             {"EINTR"},
	"fstat":             {"ENOMEM"},
	"newfstatat":        {"ENOMEM"},
	"ioctl":             {"EINVAL", "ENOTTY"},
	"readlinkat":        {"EIO", "ENOMEM"},
	"waitid":            {"EINTR"},
	"openat":            {"EMFILE", "ENFILE", "ENOMEM"},
	"socket":            {"EMFILE", "ENFILE", "ENOMEM"},
	"bind":              {"ENOMEM"},
	"recvfrom":          {"EINTR", "EAGAIN", "ENOBUFS", "ENOMEM"},
	"sendto":            {"EINTR", "ENOBUFS", "ENOMEM"},
}

// fault is a failure of a system call at one of its occurrences in a thread.
type fault struct {
	call, errno string
	occurrence  int
}

func (f fault) String() string { return fmt.Sprintf("%s %s at %d", f.call, f.errno, f.occurrence) }

func main() {
	sample := flag.Int("sample", 0, "inject only this `number` of faults into each object; 0 injects all")
	seed := flag.Uint64("seed", 1, "the random `seed` of the sample")
	run := flag.String("run", "", "inject faults only into objects whose names match this `regexp`")
	scenario := flag.String("scenario", "", "run the scenario of this `object`; the command uses it for its children")
	flag.Parse()
	if *scenario != "" {
		runScenario(*scenario)
		return
	}
	if reason := unable(); reason != "" {
		fmt.Println("faults: left out:", reason)
		return
	}
	chosen := regexp.MustCompile(*run)
	random := rand.New(rand.NewPCG(*seed, 0))
	ok := true
	for _, name := range objects() {
		if chosen.MatchString(name) {
			ok = campaign(name, *sample, random) && ok
		}
	}
	if !ok {
		os.Exit(1)
	}
}

// unable returns why this machine cannot inject faults, or nothing if it can.
func unable() string {
	if _, err := exec.LookPath("strace"); err != nil {
		return "strace is not installed"
	}
	output, err := exec.Command("strace", "-qq", "-o", os.DevNull, "-e", "inject=getppid:error=EPERM", os.Args[0], "-h").CombinedOutput()
	if err != nil && !regexp.MustCompile("Usage").Match(output) {
		return fmt.Sprintf("strace may not trace or inject: %s", output)
	}
	return ""
}

// campaign injects faults into the scenario of an object and prints the counts. It reports whether
// the scenario passed with each fault.
func campaign(name string, sample int, random *rand.Rand) bool {
	counts, err := occurrences(name)
	if err != nil {
		fmt.Printf("%s: the scenario without a fault failed: %v\n", name, err)
		return false
	}
	faults := all(counts)
	random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	if sample > 0 && sample < len(faults) {
		faults = faults[:sample]
	}
	var (
		mu               sync.Mutex
		injected, passed int
		group            sync.WaitGroup
		turns            = make(chan struct{}, runtime.NumCPU())
	)
	for _, f := range faults {
		turns <- struct{}{}
		group.Go(func() {
			occurred, err := inject(context.Background(), name, &f)
			<-turns
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				injected++
				fmt.Printf("%s: %v: %v\n", name, f, err)
			case occurred:
				injected++
				passed++
			}
		})
	}
	group.Wait()
	fmt.Printf("%-18s %4d faults, %4d injected, %4d passed\n", name, len(faults), injected, passed)
	return injected == passed
}

// all returns every fault of the counted calls, in order.
func all(counts map[string]int) (faults []fault) {
	for call, n := range counts {
		for _, errno := range pageErrnos[call] {
			for occurrence := 1; occurrence <= n; occurrence++ {
				faults = append(faults, fault{call, errno, occurrence})
			}
		}
	}
	slices.SortFunc(faults, func(a, b fault) int {
		switch {
		case a.String() < b.String():
			return -1
		case a.String() > b.String():
			return 1
		}
		return 0
	})
	return faults
}
