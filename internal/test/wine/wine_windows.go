package wine

import "golang.org/x/sys/windows"

var version = windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version")

// Running reports whether this is Wine.
func Running() bool { return version.Find() == nil }
