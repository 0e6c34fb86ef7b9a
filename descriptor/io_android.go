package descriptor

func init() { withoutNoWait.Store(true) }
