import { expect, test } from 'vitest';
import { decodeLabels } from './labels.ts';
import { walkWriteRequest } from './walk.ts';

/** A message from hex; blanks are for the eye, `[…]` is content with its length before it. */
function message(text: string): Buffer {
  const stack: string[] = [''];
  for (const token of text.replaceAll(/\s/g, '').split(/([[\]])/)) {
    if (token === '[') {
      stack.push('');
    } else if (token === ']') {
      const content = stack.pop() ?? '';
      const length = (content.length / 2).toString(16).padStart(2, '0');
      stack.push(`${stack.pop() ?? ''}${length}${content}`);
    } else {
      stack.push((stack.pop() ?? '') + token);
    }
  }
  return Buffer.from(stack.join(''), 'hex');
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

const NAME_UP = `0a[ 0a[${hex('__name__')}] 12[${hex('up')}] ]`;
const JOB_A = `0a[ 0a[${hex('job')}] 12[${hex('a')}] ]`;
const ONE = '09 000000000000f03f';

function walk(text: string): string[] {
  const bytes = Buffer.concat([Buffer.from('##'), message(text), Buffer.from('##')]);
  const found: string[] = [];
  walkWriteRequest(bytes, 2, bytes.length - 2, {
    series(identity, start, end) {
      found.push(decodeLabels(identity, start, end).labels.toString());
    },
    sample(offset, timestamp) {
      const value = offset < 0 ? 'no value' : bytes.readDoubleLE(offset);
      found.push(`${value} @ ${timestamp}`);
    },
    histogram: (start, end) => found.push(`histogram of ${end - start} bytes`),
    exemplar: (start, end) => found.push(`exemplar of ${end - start} bytes`),
    metadata: (start, end) => found.push(`metadata of ${end - start} bytes`),
  });
  return found;
}

function refuse(text: string, problem: string): void {
  expect(() => walk(text), text).toThrow(problem);
}

test('series, samples and the rest in order', () => {
  const series = `0a[ ${NAME_UP} ${JOB_A} 12[ ${ONE} 10 e807 ] 12[ 10 01 ] 22[ 0801 ] 1a[ 1801 ] ]`;
  expect(walk(`${series} 1a[ 0801 ] 0a[ ${NAME_UP} ]`)).toEqual([
    'up{job="a"}',
    '1 @ 1000',
    'no value @ 1',
    'histogram of 2 bytes',
    'exemplar of 2 bytes',
    'metadata of 2 bytes',
    'up',
  ]);
});

test('labels that stand apart, or after the samples, are gathered', () => {
  expect(walk(`0a[ 12[ ${ONE} 10 02 ] ${NAME_UP} 12[ 10 03 ] ${JOB_A} ]`)).toEqual([
    'up{job="a"}',
    '1 @ 2',
    'no value @ 3',
  ]);
});

test('times, also negative and large', () => {
  const check = (varint: string, want: number): void => {
    expect(walk(`0a[ ${NAME_UP} 12[ 10 ${varint} ] ]`)).toEqual(['up', `no value @ ${want}`]);
  };
  check('00', 0);
  check('ad9ac7a1a034', 1_795_366_702_381);
  check('ffffffffffffffffff01', -1);
  check('8080808080808080 8001', -(2 ** 63));
  check('ffffffffffffff0f', Number.MAX_SAFE_INTEGER);
  check('81808080808080f0ff01', -(2 ** 53) + 1);
});

test('fields in any order, repeated, unknown', () => {
  expect(
    walk(`0a[ ${NAME_UP} 12[ 10 05 ${ONE} 10 07 1a[ 00 ] 20 01 ] 28 01 ] 21 0000000000000000`),
  ).toEqual(['up', '1 @ 7']);
  expect(walk(`12[ ${hex('source')} ] 10 01 25 00000000`)).toEqual([]);
  // A key may be written with more bytes than it needs.
  expect(walk(`8a00[ ${NAME_UP} 9200[ 10 01 ] ]`)).toEqual(['up', 'no value @ 1']);
});

test('what is refused, with its offset', () => {
  refuse('0a 05 0a', 'byte 4: a field of 5 bytes, 1 being left');
  refuse('0a', 'it ends inside a number');
  refuse('0a ffffffffffffffffffff01', 'a number over 64 bits');
  refuse(`0a[ ${NAME_UP} 12 0a 09 ]`, 'a field of 10 bytes, 1 being left');
  refuse(`0a[ ${NAME_UP} 12[ 09 00 ] ]`, 'it ends inside a 64-bit value');
  refuse(`0a[ ${NAME_UP} 12[ 10 80 ] ]`, 'it ends inside a number');
  refuse(`0a[ ${NAME_UP} 12[ 08 01 ] ]`, 'wire type 0 for field 1');
  refuse(`0a[ ${NAME_UP} 10 01 ]`, 'wire type 0 for field 2');
  refuse('08 01', 'wire type 0 for field 1');
  refuse('00 01', 'field key 0');
  refuse('0b', 'wire type 3 for field 1');
  refuse('33', 'wire type 3 of field 6');
  refuse('2d 00', 'it ends inside a 32-bit value');
  // The length of a label reaches beyond its series, but not beyond the message.
  refuse(`0a[ 0a 20 ] 0a[ ${NAME_UP} ]`, 'a field of 32 bytes, 0 being left');
});
