package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The first job without operands says what such a job takes, the next adjust it.
func TestQueueOfJobsWithoutOperands(t *testing.T) {
	var q queue
	q.add(8 * time.Millisecond)
	require.Equal(t, 8*time.Millisecond, q.wait())
	q.add(16 * time.Millisecond)
	require.Equal(t, 2*9*time.Millisecond, q.wait())
}
