package ab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		names, labels []string
		shared        string
	}{
		{[]string{"X/m=1/k=2"}, []string{"X/m=1/k=2"}, ""},
		{[]string{"X/m=1/k=2/n=3", "X/m=4/k=2/n=3", AllRows}, []string{"m=1", "m=4", AllRows}, "X/k=2/n=3"},
		{[]string{"X/m=1", "Y/m=2", AllRows}, []string{"X/m=1", "Y/m=2", AllRows}, ""},
		{[]string{"X", "X/m=2", AllRows}, []string{"", "m=2", AllRows}, "X"},
	} {
		r := &Report{}
		for _, name := range c.names {
			r.Rows = append(r.Rows, Row{Name: name})
		}
		labels, shared := r.Labels()
		require.Equal(t, c.labels, labels)
		require.Equal(t, c.shared, shared)
	}
}
