package server

import (
	"time"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// outgoing turns answers into messages. It keeps its memory.
type outgoing struct {
	conn    *connection
	most    int
	message pb.SubmitStreamResponse
	results []pb.Result
}

// fullMessage is where a message of many results is large enough.
const fullMessage = 1 << 20

func (o *outgoing) send(answers []answer) error {
	for len(answers) > 0 {
		n, size := 0, 0
		for ; n < len(answers) && (n == 0 || size+len(answers[n].data) < min(fullMessage, o.most/2)); n++ {
			size += len(answers[n].data) + 16
		}
		if err := o.conn.Send(o.fill(answers[:n])); err != nil {
			return err
		}
		answers = answers[n:]
	}
	return nil
}

func (o *outgoing) fill(answers []answer) *pb.SubmitStreamResponse {
	if cap(o.results) < len(answers) {
		o.results = make([]pb.Result, len(answers))
		o.message.Results = make([]*pb.Result, 0, len(answers))
	}
	o.message.Results = o.message.Results[:0]
	for i := range answers {
		r, a := &o.results[:cap(o.results)][i], &answers[i]
		r.Id, r.Data, r.Error = a.id, a.data, nil
		if a.err != nil {
			r.Error = wire.FromError(a.err, time.Now())
		}
		o.message.Results = append(o.message.Results, r)
	}
	return &o.message
}
