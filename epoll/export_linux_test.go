package epoll

import "syscall"

// ControlError is what epoll_ctl's errno is told as: some errnos are hard to come by.
func ControlError(fd int, errno syscall.Errno) error { return controlError(fd, errno) }

// The mark of the alarms.
const (
	AlarmFD  = alarmFD
	AlarmTag = alarmTag
)

// Alarm is the number of the poller's alarm.
func Alarm(p *Poller) int { return int(p.alarm) }
