//go:build unix

package selectfd

import "time"

func init() { OtherWays["WaitByPoll"] = WaitByPoll }

// WaitByPoll is Wait over poll(2) for all descriptors.
func WaitByPoll(r, w, x *Set, timeout time.Duration) (int, error) {
	sets := [3]*Set{r, w, x}
	if _, _, err := prepare(&sets, false); err != nil {
		return 0, err
	}
	return waitByPoll(sets, timeout)
}
