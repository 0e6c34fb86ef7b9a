package iomux

// table finds the registration of a descriptor. Descriptors are small numbers, close to each other, so it is an array, made
// of pages: one high number does not make it large.
type table[K any] struct {
	pages []*[pageSize]*Registration[K]
}

const pageSize = 128

func (t *table[K]) get(fd int32) *Registration[K] {
	page := int(uint32(fd) / pageSize)
	if page >= len(t.pages) || t.pages[page] == nil {
		return nil
	}
	return t.pages[page][uint32(fd)%pageSize]
}

func (t *table[K]) set(fd int32, r *Registration[K]) {
	page := int(uint32(fd) / pageSize)
	if missing := page + 1 - len(t.pages); missing > 0 {
		t.pages = append(t.pages, make([]*[pageSize]*Registration[K], missing)...)
	}
	if t.pages[page] == nil {
		t.pages[page] = new([pageSize]*Registration[K])
	}
	t.pages[page][uint32(fd)%pageSize] = r
}

// all calls f with each registration.
func (t *table[K]) all(f func(*Registration[K])) {
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
