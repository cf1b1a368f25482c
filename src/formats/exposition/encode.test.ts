import { expect, test } from 'vitest';
import { type ExpositionFamily, encodeOpenMetrics, encodeText } from './encode.ts';
import { validateOpenMetrics } from './openmetrics-validator.ts';
import { validateText } from './text-validator.ts';

function family(part: Partial<ExpositionFamily> & { name: string }): ExpositionFamily {
  return { type: 'gauge', help: '', unit: '', samples: [], ...part };
}

function sample(name: string, labelPairs: string[], value: number, timestamp?: number) {
  return { name, labelPairs, value, timestamp };
}

const FAMILIES: readonly ExpositionFamily[] = [
  family({
    name: 'jobs_total',
    type: 'counter',
    help: 'a "b"\\\n',
    samples: [
      {
        ...sample('jobs_total', ['q', 'a"\\\n', 'e', ''], 1e21, 1500),
        exemplar: { labelPairs: ['t', '1'], value: 2, timestamp: 1001 },
      },
    ],
  }),
  family({
    name: 'wait_seconds',
    type: 'histogram',
    unit: 'seconds',
    samples: [
      sample('wait_seconds_bucket', ['le', '1'], 1),
      sample('wait_seconds_bucket', ['le', '+Inf'], 2),
      sample('wait_seconds_count', [], 2),
      sample('wait_seconds_sum', [], 0.5),
    ],
  }),
  family({ name: 'size', type: 'summary', samples: [sample('size', ['quantile', '1'], 3)] }),
  family({ name: 'my.gauge', samples: [sample('my.gauge', ['l.x', 'v'], NaN)] }),
  family({ name: 'build', type: 'info', samples: [sample('build_info', ['v', '1'], 1)] }),
];

test('text 0.0.4', () => {
  const text = encodeText(FAMILIES);
  expect(text).toBe(
    String.raw`# HELP jobs_total a "b"\\\n
# TYPE jobs_total counter
jobs_total{q="a\"\\\n",e=""} 1e+21 1500
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 1
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_count 2
wait_seconds_sum 0.5
# TYPE size summary
size{quantile="1"} 3
# TYPE "my.gauge" gauge
{"my.gauge","l.x"="v"} NaN
# TYPE build gauge
build_info{v="1"} 1
`,
  );
  const bytes = Buffer.from(text);
  validateText(bytes, 0, bytes.length);
});

test('OpenMetrics 1.0', () => {
  const text = encodeOpenMetrics(FAMILIES, { escaping: 'underscores' });
  expect(text).toBe(
    String.raw`# TYPE jobs counter
# HELP jobs a \"b\"\\\n
jobs_total{q="a\"\\\n",e=""} 1e+21 1.5 # {t="1"} 2 1.001
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{le="1.0"} 1
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_count 2
wait_seconds_sum 0.5
# TYPE size summary
size{quantile="1.0"} 3
# TYPE my_gauge gauge
my_gauge{l_x="v"} NaN
# TYPE build info
build_info{v="1"} 1
# EOF
`,
  );
  const bytes = Buffer.from(text);
  validateOpenMetrics(bytes, 0, bytes.length);
});

test('a counter named without _total gets it in OpenMetrics', () => {
  const families = [family({ name: 'a', type: 'counter', samples: [sample('a', [], 1)] })];
  expect(encodeOpenMetrics(families)).toBe('# TYPE a counter\na_total 1\n# EOF\n');
  expect(encodeText(families)).toBe('# TYPE a counter\na 1\n');
});

test('exemplars stand only where OpenMetrics allows them', () => {
  const exemplar = { labelPairs: [], value: 1, timestamp: undefined };
  const one = { ...sample('g', [], 1), exemplar };
  expect(encodeOpenMetrics([family({ name: 'g', samples: [one] })])).not.toContain(' # ');
});

test('nothing to write', () => {
  expect(encodeText([])).toBe('');
  expect(encodeOpenMetrics([])).toBe('# EOF\n');
});
