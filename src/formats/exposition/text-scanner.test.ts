import { expect, test } from 'vitest';
import { ExpositionError } from './errors.ts';
import { decodeIdentity } from './identity.ts';
import { type ScanTextOptions, scanText } from './text-scanner.ts';

/** Everything that a scan visits, one text each, the body standing in the middle of other bytes. */
function scan(body: string | Uint8Array, options: ScanTextOptions = {}): string[] {
  const bytes = Buffer.concat([Buffer.from('##'), Buffer.from(body), Buffer.from('1 2\n')]);
  const end = bytes.length - 4;
  const text = (start: number, stop: number): string => bytes.toString('utf8', start, stop);
  const found: string[] = [];
  scanText(
    bytes,
    2,
    end,
    {
      sample(start, stop, value, timestamp) {
        found.push(`${text(start, stop)} = ${Object.is(value, -0) ? '-0' : value} @ ${timestamp}`);
      },
      type: (start, stop, type) => found.push(`type ${text(start, stop)} ${type}`),
      help: (start, stop, from, to) => found.push(`help ${text(start, stop)}: ${text(from, to)}`),
    },
    options,
  );
  return found;
}

function check(body: string, want: readonly string[]): void {
  expect(scan(body), body).toEqual(want);
}

function refuse(body: string | Uint8Array, wanted: string, place: string): void {
  let thrown: unknown;
  try {
    scan(body);
  } catch (error) {
    thrown = error;
  }
  expect(thrown, String(body)).toBeInstanceOf(ExpositionError);
  const error = thrown as ExpositionError;
  expect(`${error.line}:${error.column} ${error.wanted}`).toBe(`${place} ${wanted}`);
}

test('samples', () => {
  check('a 1\n', ['a = 1 @ NaN']);
  check('a_b:c9{x="1",y="2"} -0.5 1234\n', ['a_b:c9{x="1",y="2"} = -0.5 @ 1234']);
  check('a{} +Inf -5\n', ['a{} = Infinity @ -5']);
  check('a NaN\nb -0', ['a = NaN @ NaN', 'b = -0 @ NaN']);
  check('a 1 9223372036854775807\n', ['a = 1 @ 9223372036854776000']);
  check('', []);
});

test('blanks around every token, a comma before the end, a value right after the brace', () => {
  check(' \t a\t{ x = "1" ,\ty="2" , } \t 1 \t 2 \t\n', ['a\t{ x = "1" ,\ty="2" , } = 1 @ 2']);
  check('a{x="1"}2\n\n   \n', ['a{x="1"} = 2 @ NaN']);
});

test('braces, hashes and escapes inside of label values', () => {
  check('a{x="}{# \\" \\\\",y="\\n"} 1\n', ['a{x="}{# \\" \\\\",y="\\n"} = 1 @ NaN']);
  check('a{x="größe €"} 1\n', ['a{x="größe €"} = 1 @ NaN']);
});

test('quoted names', () => {
  check('{"my.metric"} 1\n', ['{"my.metric"} = 1 @ NaN']);
  check('{ "my.metric" , "l.x"="v" } 1\n', ['{ "my.metric" , "l.x"="v" } = 1 @ NaN']);
  check('{a="b","my.metric"} 1\n', ['{a="b","my.metric"} = 1 @ NaN']);
  check('m{"l.x"="v"} 1\n', ['m{"l.x"="v"} = 1 @ NaN']);
  check('# TYPE "my.metric" gauge\n', ['type my.metric gauge']);
});

test('metadata, and comments that are none', () => {
  check('# HELP a  some \\n help \n# TYPE a counter\n', [
    'help a: some \\n help ',
    'type a counter',
  ]);
  check('#\tTYPE \t a \t untyped \n', ['type a unknown']);
  check('# a comment\n#\n# TYPEX a b\n# EOF\n# HELP\n# HELP a\n# TYPE a\n# UNIT a b\n', []);
});

test('what is refused, and where', () => {
  refuse('a', "a blank or '{' after the metric name", '1:2');
  refuse('ok 1\n9a 1\n', 'a metric name', '2:1');
  refuse('a-b 1\n', "a blank or '{' after the metric name", '1:2');
  refuse('a  \n', 'a value', '1:4');
  refuse('a x\n', 'a value', '1:3');
  refuse('a 0x1p-3\n', 'a value', '1:4');
  refuse('a 1 2 3\n', 'the end of the line', '1:7');
  refuse('a 1 2.5\n', 'a timestamp in integer milliseconds', '1:5');
  refuse('a 1 99999999999999999999\n', 'a timestamp in integer milliseconds', '1:5');
  refuse('a{x=1} 1\n', 'a label value in double quotes', '1:5');
  refuse('a{x="1} 1\nb 1\n', 'a closing quote', '1:10');
  refuse('a{x="1"', "',' or '}' after the label", '1:8');
  refuse('a{x="1\\', 'a closing quote', '1:8');
  refuse('a{x} 1\n', "'=' after the label name", '1:4');
  refuse('a{,} 1\n', 'a label name', '1:3');
  refuse('{a="b"} 1\n', 'a metric name inside the braces', '1:2');
  refuse('{"a","b"} 1\n', 'a label, the metric name being there already', '1:6');
  refuse('{""} 1\n', 'a name that is not empty', '1:2');
  refuse('# TYPE a-b counter\n', 'a blank after the metric name', '1:9');
  refuse('# TYPE 1 counter\n', 'a metric name', '1:8');
  refuse(Buffer.from('a{x="\xbd"} 1\n', 'latin1'), 'valid UTF-8', '1:6');
  refuse(Buffer.from('# HELP a \xbd\n', 'latin1'), 'valid UTF-8', '1:10');
});

test('bytes that are no UTF-8 may stand in comments', () => {
  expect(scan(Buffer.from('# \xbd\na 1\n', 'latin1'))).toEqual(['a = 1 @ NaN']);
});

test('a final newline can be required', () => {
  expect(scan('a 1', {})).toHaveLength(1);
  expect(() => scan('a 1', { requireFinalNewline: true })).toThrow('a newline after the last line');
  expect(scan('a 1\n', { requireFinalNewline: true })).toHaveLength(1);
  expect(scan('', { requireFinalNewline: true })).toHaveLength(0);
});

test('an excerpt in a message is bounded', () => {
  expect(() => scan(`a ${'x'.repeat(10_000)}\n`)).toThrow(/^.{1,160}$/);
});

test('the error of an identity counts from the start of the body', () => {
  const bytes = Buffer.from('a 1\nb{x="1",x="2"} 1\n');
  expect(() => decodeIdentity(bytes, 4, 18, 0)).toThrow('line 2, column 9');
});
