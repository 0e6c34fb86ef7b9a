package devpoll_test

import "iomux/devpoll"

var variants = map[string]func() (*devpoll.Poller, error){
	"default": func() (*devpoll.Poller, error) { return devpoll.New() },
}
