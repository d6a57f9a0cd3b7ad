package scheduler

// WithFault returns cfg with a function that is called before every message to
// an actor and may panic.
func WithFault(cfg Config, fault func(role string)) Config {
	cfg.fault = fault
	return cfg
}
