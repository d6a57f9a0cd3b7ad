package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// What JSON has that a message does not is refused by where it is, with what there
// is instead.
func TestReadJSON(t *testing.T) {
	const matmul = "a, b, c, bias, transA, transB, alpha, beta"
	for text, want := range map[string]string{
		`{"jobs": [{"id": "7", "matmul": {"a": {"dtype": "DTYPE_F16", "dims": [1, "2"]}, "transA": true, "trans_b": true, "alpha": 2}}]}`: "",
		`{"jobs": [{"matmul": {"a": {"dtype": 9}}}]}`:           "", // a number is for whom reads the message
		`{"jobs": [{"matmul": null}], "session": null}`:         "",
		`{"jobs": [{}, {"matmul": {"a": {}, "alhpa": 2}}]}`:     "jobs[1].matmul.alhpa: no such field; allowed: " + matmul,
		`{"jobs": [{"matmul": {"traansB": true, "alpha": 2}}]}`: "jobs[0].matmul.traansB: no such field; allowed: " + matmul,
		`{"jobs": [{"matmul": {"a": {"dtype": "f16"}}}]}`:       `jobs[0].matmul.a.dtype: "f16"; allowed: DTYPE_UNSPECIFIED, DTYPE_F32, DTYPE_F16, DTYPE_BF16`,
		`{"jobs": [{"matmul": {"a": {"dtype": "DTYPE_F8"}}}]}`:  `jobs[0].matmul.a.dtype: "DTYPE_F8"; allowed: `,
		`{"jobs": [{"softmx": {"x": {"dims": [[1]]}}}]}`:        "jobs[0].softmx: no such field; allowed: id, retry, matmul, softmax, attention, tenant",
		`{"jobs": [{"tenannt": "x"}]}`:                          "jobs[0].tenannt: no such field",
		`{"job": {}}`:                                           "job: no such field; allowed: session, jobs",
		`{"jobs": [{"matmul": {"alpha": "two"}}]}`:              `JSON: (line 1:32): invalid value for float field alpha: "two"`,
		`{"jobs": [{"matmul": {"alpha": 1, "alpha": 2}}]}`:      `duplicate field "alpha"`,
		`{"jobs": {"alhpa": 1}}`:                                "JSON: ",
		`{"jobs": [`:                                            "JSON: ",
		`[]`:                                                    "JSON: ",
		``:                                                      "JSON: ",
		`{"jobs": ` + strings.Repeat("[", 1<<20):                "JSON: ",
		`{"session": {"` + strings.Repeat("x", 1<<20) + `": [` + strings.Repeat("1,", 1<<20) + `1]}}`: "JSON: ",
		`{"jobs": [{"tenant": 5, "": 1}]}`:                               "jobs[0].: no such field",
		`{"jobs": [{"tenant": 5, "` + strings.Repeat("x", 1<<20) + `":1`: "jobs[0].xxx",
	} {
		err := wire.ReadJSON([]byte(text), &pb.SubmitManyRequest{})
		if want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorIs(t, err, job.ErrInvalid, text)
		require.ErrorContains(t, err, want)
		require.Less(t, len(err.Error()), 600)
	}
}
