package afd

import (
	"maps"
	"slices"

	"golang.org/x/sys/windows"
)

// Devices are the handles of the driver that are open.
func Devices() []windows.Handle {
	devices.RLock()
	defer devices.RUnlock()
	return slices.Collect(maps.Keys(devices.open))
}
