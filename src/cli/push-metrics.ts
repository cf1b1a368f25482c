import type { Registry } from 'prom-client';
import { Counter, Histogram } from 'prom-client';
import type { PushMetrics } from '../ingest/index.ts';

/** The names under which pushes are counted. */
export function createPushMetrics(registry: Registry): PushMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, ...labels: string[]) => {
    const labelNames = ['protocol', ...labels];
    return new Counter({ name: `tidegauge_push_${name}_total`, help, labelNames, registers });
  };
  const requests = counter('requests', 'Pushes answered, by protocol and status code.', 'code');
  const refusals = counter('refusals', 'Pushes refused whole, by protocol and reason.', 'reason');
  const samples = counter('samples', 'Pushed samples stored, by protocol.');
  const rejected = counter(
    'samples_rejected',
    'Pushed samples not stored, by protocol and reason.',
    'reason',
  );
  const bytes = counter('body_bytes', 'Bytes of pushed bodies as sent, by protocol.');
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
