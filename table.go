package iomux

// table finds what is known of a descriptor. Descriptors are small numbers, close to each other, so it is an array, made
// of pages: one high number does not make it large.
type table[T any] struct {
	pages []*[pageSize]*T
}

const pageSize = 128

func (t *table[T]) get(fd int32) *T {
	page := int(uint32(fd) / pageSize)
	if page >= len(t.pages) || t.pages[page] == nil {
		return nil
	}
	return t.pages[page][uint32(fd)%pageSize]
}

func (t *table[T]) set(fd int32, r *T) {
	page := int(uint32(fd) / pageSize)
	if missing := page + 1 - len(t.pages); missing > 0 {
		t.pages = append(t.pages, make([]*[pageSize]*T, missing)...)
	}
	if t.pages[page] == nil {
		t.pages[page] = new([pageSize]*T)
	}
	t.pages[page][uint32(fd)%pageSize] = r
}

// all calls f with each registration.
func (t *table[T]) all(f func(*T)) {
	for _, page := range t.pages {
		if page == nil {
			continue
		}
		for _, r := range page {
			if r != nil {
				f(r)
			}
		}
	}
}
