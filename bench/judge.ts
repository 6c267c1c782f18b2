/**
 * Claim: 100,000 endpoints are judged in one request in ≤ 2 s, and one put on top of them in ≤ 200 µs.
 * Neighbours: src/model is what is measured. Checked: the state holds them all, and the put changed one object.
 */
import { emptyState, judge, type State } from '../src/model/index.js';
import type { BenchOptions, Outcome } from './index.js';
import { micros, quantile, sample, spread, table, thousands, timed } from './measure.js';
import { endpointObject, objectsFor } from './objects.js';

const goalSeconds = 2;
const goalUs = 200;
const puts = 600;

export function judging(options: BenchOptions): Promise<Outcome> {
  const endpoints = options.flows ?? 100_000;
  const objects = [...objectsFor({ endpoints })];
  const isEndpoint = (one: Record<string, unknown>) => one.kind === 'endpoint';
  const around = accepted(
    emptyState(),
    objects.filter((one) => !isEndpoint(one)),
  );
  const request = objects.filter(isEndpoint);
  const seconds: number[] = [];
  let state = around;
  for (let run = 0; run < options.runs; run++) {
    seconds.push(timed(() => (state = accepted(around, request))));
    if (state.endpoints.size !== endpoints) throw new Error(`${state.endpoints.size} of ${endpoints} endpoints`);
  }
  const us: number[] = [];
  for (let put = 0; put < puts; put++) {
    const e = 1 + 100 * put;
    if (e >= endpoints) break;
    const one = [endpointObject(e, 'group0', { vtepIp: '172.31.0.11' })];
    us.push(timed(() => (state = accepted(state, one))) * 1e6);
  }
  const settled = us.slice(us.length >> 1);
  console.log(
    table([
      [`${thousands(endpoints)} endpoints in one request, seconds`, spread(seconds, 2)],
      ['one put on top, µs', micros(settled)],
    ]),
  );
  return Promise.resolve({
    claim: `${thousands(endpoints)} endpoints judged in ≤ ${goalSeconds} s, one more put in ≤ ${goalUs} µs`,
    holds: sample(seconds).median <= goalSeconds && quantile(settled, 0.5) <= goalUs,
  });
}

function accepted(state: State, put: unknown[]): State {
  const judged = judge(state, { put });
  if (!judged.ok) throw new Error(judged.problems[0]?.message);
  return judged.accepted.state;
}
