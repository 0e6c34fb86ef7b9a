//go:build unix

package selectfd

import "time"

func init() { OtherWays["WaitByPoll"] = WaitByPoll }

// WaitByPoll is Wait by means of poll(2), whatever the descriptors: the tests of Wait run over both.
func WaitByPoll(r, w, x *Set, timeout time.Duration) (int, error) {
	sets := [3]*Set{r, w, x}
	if _, err := prepare(sets); err != nil {
		return 0, err
	}
	return waitByPoll(sets, timeout)
}
