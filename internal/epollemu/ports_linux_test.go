package epollemu_test

import (
	"iomux/internal/eventport"
	"iomux/internal/test/portmodel"
)

func systemPorts() eventport.Calls { return portmodel.New() }
