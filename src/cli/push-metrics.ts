import type { Registry } from 'prom-client';
import { Counter, Histogram } from 'prom-client';
import type { PushMetrics } from '../ingest/index.ts';

/** The names under which pushes are counted. */
export function createPushMetrics(registry: Registry): PushMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'tidegauge_push_requests_total',
    help: 'Pushes answered, by protocol and status code.',
    labelNames: ['protocol', 'code'],
    registers,
  });
  const refusals = new Counter({
    name: 'tidegauge_push_refusals_total',
    help: 'Pushes refused whole, by protocol and reason.',
    labelNames: ['protocol', 'reason'],
    registers,
  });
  const samples = new Counter({
    name: 'tidegauge_push_samples_total',
    help: 'Pushed samples stored, by protocol.',
    labelNames: ['protocol'],
    registers,
  });
  const rejected = new Counter({
    name: 'tidegauge_push_samples_rejected_total',
    help: 'Pushed samples not stored, by protocol and reason.',
    labelNames: ['protocol', 'reason'],
    registers,
  });
  const bytes = new Counter({
    name: 'tidegauge_push_body_bytes_total',
    help: 'Bytes of pushed bodies as sent, by protocol.',
    labelNames: ['protocol'],
    registers,
  });
  const durations = new Histogram({
    name: 'tidegauge_push_duration_seconds',
    help: 'Time from request to answer, by protocol.',
    labelNames: ['protocol'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
    registers,
  });
  return {
    request(protocol, outcome) {
      requests.inc({ protocol, code: outcome.statusCode });
      if (outcome.refusal !== '') refusals.inc({ protocol, reason: outcome.refusal });
      samples.inc({ protocol }, outcome.samplesStored);
      bytes.inc({ protocol }, outcome.bodyBytes);
      durations.observe({ protocol }, outcome.durationMs / 1000);
    },
    rejected(protocol, reason, count) {
      rejected.inc({ protocol, reason }, count);
    },
  };
}
