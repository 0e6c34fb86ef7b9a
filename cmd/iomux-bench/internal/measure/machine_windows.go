package measure

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// system returns the name and release of the system.
func system() string {
	version := windows.RtlGetVersion()
	return fmt.Sprintf("Windows %d.%d.%d", version.MajorVersion, version.MinorVersion, version.BuildNumber)
}
