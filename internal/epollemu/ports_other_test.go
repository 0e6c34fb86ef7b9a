//go:build aix || solaris

package epollemu_test

import "iomux/internal/eventport"

func systemPorts() eventport.Calls { return eventport.System }
