import { expect, test } from 'vitest';
import type { Exemplar } from '../../model/index.ts';
import { scanOpenMetrics } from './openmetrics-scanner.ts';

interface Found {
  readonly samples: string[];
  readonly exemplars: Exemplar[];
  readonly metadata: string[];
}

function scan(body: string): Found {
  const bytes = Buffer.from(`##${body}tail\n`);
  const text = (start: number, stop: number): string => bytes.toString('utf8', start, stop);
  const found: Found = { samples: [], exemplars: [], metadata: [] };
  scanOpenMetrics(bytes, 2, bytes.length - 5, {
    sample(start, stop, value, timestamp) {
      found.samples.push(`${text(start, stop)} = ${value} @ ${timestamp}`);
    },
    exemplar: (exemplar) => found.exemplars.push(exemplar),
    type: (start, stop, type) => found.metadata.push(`type ${text(start, stop)} ${type}`),
    help: (start, stop, from, to) => {
      found.metadata.push(`help ${text(start, stop)}: ${text(from, to)}`);
    },
    unit: (start, stop, from, to) => {
      found.metadata.push(`unit ${text(start, stop)}: ${text(from, to)}`);
    },
  });
  return found;
}

function refuse(body: string, message: string): void {
  expect(() => scan(body), body).toThrow(message);
}

test('times in seconds become milliseconds', () => {
  const check = (seconds: string, wantMs: number): void => {
    expect(scan(`a 1 ${seconds}\n# EOF\n`).samples).toEqual([`a = 1 @ ${wantMs}`]);
  };
  check('1795366702.381', 1_795_366_702_381);
  check('1795366690.001', 1_795_366_690_001);
  check('1.0019', 1001);
  check('-1.0019', -1001);
  check('-0.0001', 0);
  check('1.5e3', 1_500_000);
  check('000', 0);
});

test('every millisecond of a while comes out as it went in', () => {
  for (let ms = 1_795_366_702_000; ms < 1_795_366_703_000; ms++) {
    expect(scan(`a 1 ${ms / 1000}\n# EOF`).samples[0]).toBe(`a = 1 @ ${ms}`);
  }
});

test('exemplars', () => {
  const { samples, exemplars } = scan(
    'a_total{x=" # {"} 3 1.5 # {t="ab",s="\\"#"} 0.5 2.25\nb_total 1 # {} 2\n# EOF\n',
  );
  expect(samples).toEqual(['a_total{x=" # {"} = 3 @ 1500', 'b_total = 1 @ NaN']);
  expect(exemplars).toEqual([
    { labelPairs: ['t', 'ab', 's', '"#'], value: 0.5, timestamp: 2250 },
    { labelPairs: [], value: 2, timestamp: undefined },
  ]);
});

test('an exemplar holds at most 128 characters of labels', () => {
  const exemplar = (length: number): string => `a_total 1 # {a="${'é'.repeat(length)}"} 1\n# EOF\n`;
  expect(scan(exemplar(127)).exemplars).toHaveLength(1);
  refuse(exemplar(128), 'at most 128 characters');
});

test('metadata', () => {
  const body =
    '# HELP a_s te\\"xt\n# TYPE a_s counter\n# UNIT a_s s\n# TYPE "b.c" info\n# HELP d \n# EOF\n';
  expect(scan(body).metadata).toEqual([
    'help a_s: te\\"xt',
    'type a_s counter',
    'unit a_s: s',
    'type b.c info',
    'help d: ',
  ]);
});

test('quoted names', () => {
  expect(scan('{"my.metric","l.x"="v"} 1\n# EOF\n').samples).toEqual([
    '{"my.metric","l.x"="v"} = 1 @ NaN',
  ]);
});

test('the end mark', () => {
  expect(scan('# EOF').samples).toEqual([]);
  refuse('', '# EOF as the last line');
  refuse('a 1\n', '# EOF as the last line');
  refuse('a 1\n# EOF\n\n', 'nothing after # EOF');
  refuse('a 1\n# EOF\na 1\n', 'nothing after # EOF');
  refuse('a 1\n# EOF ', '# HELP, # TYPE, # UNIT or # EOF');
});

test('lines that are wrong in themselves', () => {
  refuse('a 1 \n# EOF\n', 'a timestamp in seconds');
  refuse('a{ x="1"} 1\n# EOF\n', 'a label name');
  refuse('a{x="1",} 1\n# EOF\n', 'a label after the comma');
  refuse('a{x="1", y="2"} 1\n# EOF\n', 'a label name');
  refuse('a_total 1 # {a="1",a="2"} 1\n# EOF\n', 'a label name not used before');
  refuse('# TYPE a untyped\n# EOF\n', 'a metric type');
  refuse('#TYPE a gauge\n# EOF\n', '# HELP, # TYPE, # UNIT or # EOF');
  refuse('# TYPE  a gauge\n# EOF\n', 'a metric name');
  refuse('# UNIT a seconds\n# EOF\n', 'the unit that ends the metric name');
  refuse('a 1', 'the end of the line');
  refuse('a 1\r\n# EOF\n', 'the end of the line');
});
