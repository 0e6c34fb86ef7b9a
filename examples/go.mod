module iomux/examples

go 1.26.0

require (
	github.com/cloudwego/netpoll v0.7.2
	github.com/creack/pty v1.1.24
	github.com/panjf2000/gnet/v2 v2.9.7
	golang.org/x/sys v0.49.0
	iomux v0.0.0
)

require (
	github.com/bytedance/gopkg v0.1.1 // indirect
	github.com/cloudwego/gopkg v0.1.4 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.uber.org/zap v1.27.0 // indirect
	gopkg.in/natefinch/lumberjack.v2 v2.2.1 // indirect
)

replace iomux => ..
