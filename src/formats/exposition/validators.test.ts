import { expect, test } from 'vitest';
import { validateOpenMetrics } from './openmetrics-validator.ts';
import { validateText } from './text-validator.ts';

type Validate = (bytes: Uint8Array, start: number, end: number) => void;

/** What was wanted where, or '' where the body was accepted. */
function verdict(validate: Validate, body: string): string {
  const bytes = Buffer.from(`xx${body}`);
  try {
    validate(bytes, 2, bytes.length);
    return '';
  } catch (error) {
    const [, line, wanted] = /line (\d+), .*, wanted (.*)$/.exec(String(error)) ?? [];
    return `${line}: ${wanted}`;
  }
}

test('OpenMetrics: what spans lines', () => {
  const check = (body: string, want: string): void => {
    expect(verdict(validateOpenMetrics, `${body}# EOF\n`), body).toBe(want);
  };
  check('a 1\nb 1\na 2\n', '3: families together and apart: a belongs to an earlier one');
  check('a 1\n# TYPE a gauge\n', '2: metadata before the samples of its family');
  check('# TYPE a gauge\na 1\na 1\n', '3: each series once');
  check('# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n', '3: each series once');
  check('# TYPE a counter\na_total 1\na_created 2\n', '');
  check('# TYPE a counter\na_total Inf\n', '');
  check('# TYPE a counter\na_total 1.5\n', '');
  check('a +Inf\n', '');
  check('a -1e400\n', '1: a value that a float can hold');
  check('# TYPE a histogram\na_bucket{le="+Inf"} 1.5\n', '2: a whole number');
  check('# TYPE a histogram\na_bucket 1\n', '2: a label le with a number or +Inf');
  check(
    '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="1.0"} 1\n',
    '3: buckets in ascending order of le, each once',
  );
  check(
    '# TYPE a histogram\na_bucket{le="1"} 1\na_count 1\na_sum 1\n',
    '4: a bucket with le="+Inf"',
  );
  check('# TYPE a histogram\na_bucket{le="+Inf"} 1 1\na_bucket{le="+Inf"} 2 2\n', '');
  check('# TYPE a histogram\na_bucket{x="1",le="+Inf"} 1\na_bucket{x="2",le="+Inf"} 2\n', '');
  check('# TYPE a summary\na{quantile="0.5"} NaN\n', '');
  check('# TYPE a summary\na{quantile="NaN"} 1\n', '2: a label quantile from 0 to 1');
  check('# TYPE a stateset\na{a="x"} 0\na{a="y"} 1\n', '');
  check(
    '# TYPE a gaugehistogram\na_bucket{le="+Inf"} 1\na_gcount 1\na_gsum NaN\n',
    '4: a number, not NaN',
  );
  check(
    '# TYPE a gauge\na{x="1"} 1\na{x="2"} 1\na{x="1"} 1 5\n',
    '4: the samples of one metric together',
  );
});

test('text 0.0.4: what spans lines', () => {
  const check = (body: string, want: string): void => {
    expect(verdict(validateText, body), body).toBe(want);
  };
  check('# HELP a x\n# HELP a y\n', '2: one HELP line for a family');
  check('a{b="c"}\t-Inf\nb +infinity\nc 1e308\n', '');
  check('a 1\nb{c="d"} 1e400\n', '2: a value that a float can hold');
  check('a -.9e999 5\n', '1: a value that a float can hold');
  check('a 1\n# TYPE a gauge\n', '2: one TYPE line for a family, before its samples');
  check(
    '# TYPE h histogram\nh_count 1\n# TYPE h histogram\n',
    '3: one TYPE line for a family, before its samples',
  );
  check('h_count 1\n# TYPE h_count counter\n', '2: one TYPE line for a family, before its samples');
  check('# TYPE h histogram\nh_bucket 1\n', '2: a label le with a number');
  check('# TYPE s summary\ns{quantile="x"} 1\n', '2: a label quantile with a number');
  check('# TYPE s summary\ns_bucket 1\n', '');
  check('dup 1\ndup 2\n', '2: each series once');
  check('a{x="1",y="2"} 1\na{y="2",x="1"} 1\n', '2: each series once');
  check('a 1 1\na 1 2\n', '');
  check('a 1\nb 1\na{x="1"} 2\n', '');
  check(String.raw`a{x="\t"} 1` + '\n', String.raw`1: one of the escapes \\, \" and \n`);
  check('a 1', '1: a newline after the last line');
});

test('text 0.0.4: the last newline may be missing where options say so', () => {
  const bytes = Buffer.from('a 1');
  expect(() => validateText(bytes, 0, 3, {})).not.toThrow();
});
