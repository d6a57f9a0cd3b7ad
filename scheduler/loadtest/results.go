package loadtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// Results is a run read back.
type Results struct {
	Info    RunInfo
	Windows [][]*Window // by stage
	Stages  []*StageEnd
	End     *RunEnd // nil if the records end before the run did
}

// Read reads the runs of a file of records, one after another.
func Read(r io.Reader) ([]*Results, error) {
	var runs []*Results
	in := bufio.NewReaderSize(r, 1<<20)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			if err := addLine(&runs, line); err != nil {
				return nil, fmt.Errorf("loadtest: line %d: %w", n, err)
			}
		}
		switch {
		case err == io.EOF && len(runs) == 0:
			return nil, fmt.Errorf("loadtest: there is no run in it")
		case err == io.EOF:
			return runs, nil
		case err != nil:
			return nil, fmt.Errorf("loadtest: %w", err)
		}
	}
}

func addLine(runs *[]*Results, line []byte) error {
	var rec Record
	if err := json.Unmarshal(line, &rec); err != nil {
		return fmt.Errorf("not a whole record: %w", err)
	}
	if rec.V != Version {
		return fmt.Errorf("version %d; allowed: %d", rec.V, Version)
	}
	if rec.Kind == KindRun {
		*runs = append(*runs, &Results{})
	}
	if len(*runs) == 0 {
		return fmt.Errorf("a record before that of a run")
	}
	return (*runs)[len(*runs)-1].add(&rec)
}

// add takes the next record of a run.
func (r *Results) add(rec *Record) error {
	switch {
	case rec.Kind == KindRun && rec.Run != nil:
		r.Info = *rec.Run
	case rec.Kind == KindWindow && rec.Window != nil:
		return r.addWindow(rec.Window)
	case rec.Kind == KindStage && rec.Stage != nil:
		if rec.Stage.Stage != len(r.Stages) {
			return fmt.Errorf("stage %d ends after %d stages", rec.Stage.Stage, len(r.Stages))
		}
		r.Stages = append(r.Stages, rec.Stage)
	case rec.Kind == KindEnd && rec.End != nil:
		r.End = rec.End
	default:
		return fmt.Errorf("a record of kind %q without its contents", rec.Kind)
	}
	return nil
}

func (r *Results) addWindow(w *Window) error {
	if w.Stage == len(r.Windows) {
		r.Windows = append(r.Windows, nil)
	}
	if w.Stage != len(r.Windows)-1 || w.Index != len(r.Windows[w.Stage]) || w.Length < 0 {
		return fmt.Errorf("window %d of stage %d is not the next", w.Index, w.Stage)
	}
	r.Windows[w.Stage] = append(r.Windows[w.Stage], w)
	return nil
}
