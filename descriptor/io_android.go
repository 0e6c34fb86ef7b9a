package descriptor

func init() { lacksNoWait.Store(true) }
