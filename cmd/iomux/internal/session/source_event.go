package session

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"iomux/cmd/iomux/internal/suggest"
)

// parseTimer parses timer:5s and, like timeouts, timer:0.5.
func parseTimer(text string) (source, error) {
	period, err := parseDuration(strings.TrimPrefix(text, "timer:"))
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", text, err)
	}
	if period == 0 {
		return source{}, fmt.Errorf("%s: a timer needs a time above 0", text)
	}
	return source{text: text, kind: kindTimer, period: period}, nil
}

// parseName parses path:FILE and exists:FILE.
func parseName(text, prefix string, kind kind) (source, error) {
	path := strings.TrimPrefix(text, prefix)
	if path == "" {
		return source{}, fmt.Errorf("%s: want a file or a folder, as in %snotes.txt", text, prefix)
	}
	return source{text: text, kind: kind, path: path}, nil
}

// parseProcess parses pid:1234.
func parseProcess(text string) (source, error) {
	number := strings.TrimPrefix(text, "pid:")
	pid, err := strconv.Atoi(number)
	switch {
	case err != nil || pid <= 0 || pid > math.MaxInt32 || strconv.Itoa(pid) != number:
		return source{}, fmt.Errorf("%s: want the number of a process, as in pid:1234", text)
	case pid == os.Getpid():
		return source{}, fmt.Errorf("%s: that is iomux itself", text)
	}
	return source{text: text, kind: kindProcess, pid: pid}, nil
}

// parseSignal parses signal:HUP, signal:SIGHUP, signal:1 and signal:RTMIN+1.
func parseSignal(text string) (source, error) {
	name := strings.TrimPrefix(text, "signal:")
	number, known := signalNumber(name)
	if !known {
		if nearest := suggest.Nearest(strings.TrimPrefix(strings.ToUpper(name), "SIG"), SignalNames()...); nearest != "" {
			return source{}, fmt.Errorf("%s: this system has no such signal: did you mean signal:%s?", text, nearest)
		}
		return source{}, fmt.Errorf("%s: this system has no such signal: write %s", text, signalExample)
	}
	if why := uncatchable(number); why != "" {
		return source{}, fmt.Errorf("%s: %s", text, why)
	}
	return source{text: text, kind: kindSignal, signal: number}, nil
}
