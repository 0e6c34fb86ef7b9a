package selectfd

import (
	"context"
	"maps"
	"time"

	"iomux/internal/waker"
)

// waitContext waits on copies of the sets, one of which has a descriptor that is readable once ctx
// is done. It polls before it opens that descriptor.
func waitContext(ctx context.Context, sets [3]*Set, d time.Duration) (n int, err error) {
	s := scratches.Get().(*scratch)
	defer s.giveBack()
	copies := [3]*Set{&s.sets[0], &s.sets[1], &s.sets[2]}
	become(copies, sets)
	n, err = wait(copies, 0)
	if n == 0 && err == nil && d != 0 {
		err = waker.Until(ctx, func(fd int) error {
			become(copies, sets)
			copies[0].Add(fd)
			n, err = wait(copies, d)
			if err == nil && copies[0].Has(fd) {
				copies[0].Remove(fd)
				if n--; n == 0 {
					return context.Cause(ctx)
				}
			}
			return err
		})
	}
	if err != nil {
		return 0, err
	}
	become(sets, copies)
	return n, nil
}

// become copies the members of others to sets. A nil set has no members.
func become(sets, others [3]*Set) {
	for i, set := range sets {
		if set == nil {
			continue
		}
		set.Clear()
		if other := others[i]; other != nil {
			set.words = append(set.words[:0], other.words...)
			if len(other.aside) > 0 {
				set.aside = maps.Clone(other.aside)
			}
		}
	}
}
