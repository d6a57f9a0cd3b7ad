package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Version is that of the format. A file of another one is refused.
const Version = 1

// Profile is what was measured and what follows from it. Only Machine, Settings
// and Costs decide anything; the rest is the evidence, for people.
type Profile struct {
	Version  int       `json:"version"`
	Time     time.Time `json:"time"`
	Machine  Machine   `json:"machine"`
	Settings Settings  `json:"settings"`
	// Costs are the measured times of kernels, as a cost model keeps them: t(N)
	// by kernel family, type and size of the operand.
	Costs []policy.Correction `json:"costs"`

	Crossovers []Crossover `json:"crossovers"`
	Curves     []Curve     `json:"curves"`
	Trials     []Trial     `json:"trials"`
	Verdicts   []Verdict   `json:"verdicts"`
}

// Error says what is wrong with a profile.
type Error struct {
	Path                string // of the file, if it is one
	Field, Got, Allowed string // Field is "" for a file that is no profile at all
	Cause               error
}

func (e *Error) Error() string {
	where := "profile"
	if e.Path != "" {
		where += " " + e.Path
	}
	switch {
	case e.Field == "":
		return fmt.Sprintf("%s: %v", where, e.Cause)
	case e.Cause != nil:
		return fmt.Sprintf("%s: %s: %v", where, e.Field, e.Cause)
	}
	return fmt.Sprintf("%s: %s is %s; allowed: %s", where, e.Field, e.Got, e.Allowed)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// mostBytes is far more than any profile has.
const mostBytes = 64 << 20

// Load reads a file. The error is an *Error. Whether the profile is of this
// machine is for Check to say.
func Load(path string) (*Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Path: path, Cause: err}
	}
	defer f.Close()
	p, err := Read(f)
	var wrong *Error
	if errors.As(err, &wrong) {
		wrong.Path = path
	}
	return p, err
}

// Read reads a profile. The error is an *Error.
func Read(r io.Reader) (*Profile, error) {
	text, err := io.ReadAll(io.LimitReader(r, mostBytes))
	if err != nil {
		return nil, &Error{Cause: err}
	}
	var head struct{ Version *int }
	switch err := json.Unmarshal(text, &head); {
	case err != nil:
		return nil, &Error{Cause: fmt.Errorf("not a profile: %w", err)}
	case head.Version == nil:
		return nil, &Error{Field: "version", Got: "missing", Allowed: strconv.Itoa(Version)}
	case *head.Version != Version:
		return nil, &Error{Field: "version", Got: strconv.Itoa(*head.Version), Allowed: strconv.Itoa(Version) + ": run metallic-sched tune again"}
	}
	p := &Profile{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, &Error{Cause: fmt.Errorf("not a profile: %w", err)}
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Profile) validate() error {
	if err := policy.NewCostModel(policy.Prior{}).Restore(p.Costs); err != nil {
		return &Error{Field: "costs", Cause: err}
	}
	return p.Settings.validate()
}

// Save writes a file: all of it, or on an error nothing.
func (p *Profile) Save(path string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return &Error{Path: path, Cause: err}
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return &Error{Path: path, Cause: err}
	}
	defer os.Remove(f.Name()) // gone, unless something failed
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return &Error{Path: path, Cause: err}
	}
	return nil
}
