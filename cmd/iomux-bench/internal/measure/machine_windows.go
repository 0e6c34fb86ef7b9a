package measure

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// system is the system's name and release.
func system() string {
	version := windows.RtlGetVersion()
	return fmt.Sprintf("Windows %d.%d.%d", version.MajorVersion, version.MinorVersion, version.BuildNumber)
}
