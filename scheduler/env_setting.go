package scheduler

import (
	"fmt"
	"os"
	"reflect"
)

// EnvSetting is one METALLIC_ variable, as FromEnv or a device understands it.
type EnvSetting struct {
	Name  string
	Value string // the default, if it is not set
	Set   bool
}

// EnvSettings returns what FromEnv goes by and what devices read by themselves,
// and the error that FromEnv would return for values that are not allowed. It
// opens no file.
func EnvSettings() ([]EnvSetting, error) {
	vars := variables(os.Environ())
	e, problems := parseEnvironment(vars)
	var list []EnvSetting
	fields := reflect.ValueOf(e)
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Tag.Get("env")
		_, set := vars[name]
		list = append(list, EnvSetting{name, fmt.Sprint(fields.Field(i).Interface()), set})
	}
	for _, name := range deviceVariables {
		value, set := vars[name]
		list = append(list, EnvSetting{name, value, set})
	}
	if len(problems) > 0 {
		return list, &EnvError{problems}
	}
	return list, nil
}
