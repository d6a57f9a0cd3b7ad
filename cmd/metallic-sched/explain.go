package main
type explainCommand struct{}
func (explainCommand) Run() error { return nil }
type devicesCommand struct{}
func (devicesCommand) Run() error { return nil }
type versionCommand struct{}
func (versionCommand) Run() error { return nil }
