package decode

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestParseTrace(t *testing.T) {
	got, err := parseTrace("# comment\nheader,role,p,batch,m,n,k,ta,tb,count\nmatmul,weight,x,1,2,3,4,0,1,5\nmatmul,kv,y,14,1,51,64,0,0,24\n")
	require.NoError(t, err)
	require.Equal(t, []product{
		{name: "x", weight: true, shape: kernels.Shape{Batch: 1, M: 2, N: 3, K: 4}, transB: true, count: 5},
		{name: "y", shape: kernels.Shape{Batch: 14, M: 1, N: 51, K: 64}, count: 24},
	}, got)
}

func TestParseTraceRefusesWhatIsNoNumber(t *testing.T) {
	_, err := parseTrace("a,b,c,d,e,f,g,h,i,j\nmatmul,weight,x,1,two,3,4,0,1,5\n")
	require.ErrorContains(t, err, "two")
}

func TestModelOfNothing(t *testing.T) {
	_, err := modelOf(nil)
	require.ErrorContains(t, err, "lm_head")
}
