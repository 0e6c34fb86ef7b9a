package epoll

// The mark of the alarms.
const (
	AlarmFD  = alarmFD
	AlarmTag = alarmTag
)

// Alarm is the number of the poller's alarm.
func Alarm(p *Poller) int { return int(p.alarm) }
