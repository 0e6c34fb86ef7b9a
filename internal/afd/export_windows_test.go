package afd

import (
	"maps"
	"slices"

	"golang.org/x/sys/windows"
)

// Devices returns the open handles of the driver.
func Devices() []windows.Handle {
	devices.RLock()
	defer devices.RUnlock()
	return slices.Collect(maps.Keys(devices.open))
}
