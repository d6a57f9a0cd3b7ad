package decode

import "fmt"

// Kind is one of the jobs that a token needs.
type Kind uint8

// The kinds, in the order a sequence runs them. The first seven run once for
// every layer, LMHead once for every token.
const (
	QKV Kind = iota
	Scores
	Softmax
	Values
	Out
	GateUp
	Down
	LMHead
)

// Kinds lists every Kind.
var Kinds = []Kind{QKV, Scores, Softmax, Values, Out, GateUp, Down, LMHead}

func (k Kind) String() string {
	switch k {
	case QKV:
		return "attn_qkv"
	case Scores:
		return "attn_scores"
	case Softmax:
		return "attn_softmax"
	case Values:
		return "attn_values"
	case Out:
		return "attn_out"
	case GateUp:
		return "mlp_gate_up"
	case Down:
		return "mlp_down"
	case LMHead:
		return "lm_head"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}
