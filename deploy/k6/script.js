// Puts a load on a metallic-sched daemon with k6 (https://k6.io):
//
//   k6 run -e HOST=localhost:7433 -e RATE=500 -e DURATION=10s deploy/k6/script.js
//
// PROTOCOL=http sends JSON over HTTP/1.1 instead of gRPC. Every product is checked.
// What is multiplied by the same operand at the same time is batched.
import grpc from 'k6/net/grpc';
import http from 'k6/http';
import encoding from 'k6/encoding';
import { check, fail } from 'k6';
import { Counter } from 'k6/metrics';

const rate = Number(__ENV.RATE || 500);
const host = __ENV.HOST || 'localhost:7433';
const protocol = __ENV.PROTOCOL || 'grpc';
const m = 256;
const k = 256;
const name = 'k6-weight';

export const options = {
  scenarios: {
    // An open loop: jobs are sent at the rate, whatever became of those before.
    // dropped_iterations counts those for which there was no free VU: a lagging
    // generator, or a server that does not keep up.
    jobs: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: __ENV.DURATION || '10s',
      preAllocatedVUs: 64,
      maxVUs: 512,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    wrong_products: ['count==0'],
    dropped_iterations: [`rate<${rate / 100}`], // 1 % of those due
    [protocol === 'http' ? 'http_req_duration' : 'grpc_req_duration']: [`p(99)<${__ENV.P99_MS || 100}`],
  },
};

const wrong = new Counter('wrong_products');
const client = new grpc.Client();
const submit = 'metallic.v1.JobService/Submit';

const f32 = (n, value) => encoding.b64encode(Float32Array.from({ length: n }, (_, i) => value(i)).buffer);

// Row i of the weight has i+1 in column i and 0 elsewhere, so that element i of a
// product is i+1 times element i of the vector.
const weight = f32(m * k, (i) => (i % k === Math.floor(i / k) ? (i % k) + 1 : 0));

// setup loads the weight under a name.
export async function setup() {
  client.connect(host, { plaintext: true, reflect: true });
  const stream = new grpc.Stream(client, 'metallic.v1.OperandService/Load');
  const loaded = new Promise((resolve, reject) => {
    stream.on('data', resolve);
    stream.on('error', reject);
  });
  stream.write({ header: { name, content: { dtype: 'DTYPE_F32', dims: [m, k] } }, data: weight });
  stream.end();
  try {
    await loaded;
  } catch (e) {
    fail(`the weight could not be loaded: ${e.message || e}`);
  }
}

export function teardown() {
  client.connect(host, { plaintext: true, reflect: true });
  client.invoke('metallic.v1.OperandService/Release', { name });
}

// send runs one job and returns the result's base64, or null.
function send(job) {
  if (protocol === 'http') {
    const answer = http.post(`http://${host}/${submit}`, JSON.stringify({ job }), { headers: { 'Content-Type': 'application/json' } });
    return answer.status === 200 ? answer.json('c.data') : null;
  }
  if (__ITER === 0) client.connect(host, { plaintext: true, reflect: true });
  const answer = client.invoke(submit, { job });
  return answer.status === grpc.StatusOK ? answer.message.c.data : null;
}

export default function () {
  const factor = 1 + ((__VU * 31 + __ITER) % 100); // another vector for every job
  const data = send({
    tenant: `vu${__VU % 4}`,
    matmul: { a: { name }, b: { dims: [k, 1], data: f32(k, () => factor) } },
  });
  check(data, { done: (d) => d !== null });
  if (data !== null) {
    const product = new Float32Array(encoding.b64decode(data));
    if (product.length !== m || product.some((x, i) => x !== (i + 1) * factor)) wrong.add(1);
  }
}
