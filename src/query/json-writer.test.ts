import { expect, it } from 'vitest';
import { JsonWriter } from './json-writer.ts';

function written(write: (writer: JsonWriter) => void): string {
  const writer = new JsonWriter();
  write(writer);
  return Buffer.from(writer.finish()).toString();
}

it('writes in order, as UTF-8', () => {
  const text = written((writer) => {
    writer.write('aé');
    writer.writePoints(Buffer.from('["["'), Uint32Array.of(2, 4), Float64Array.of(1.5, -3));
    writer.write('\u{1f30a}');
  });
  expect(text).toBe('aé["1.5"]["-3"]\u{1f30a}');
});

it('gives buffers that stay as they are when others write', () => {
  const long = 'x'.repeat(300_000);
  const first = new JsonWriter();
  first.write('first');
  const second = new JsonWriter();
  second.write(long);
  const one = first.finish();
  const two = second.finish();
  expect(written((writer) => writer.write('third'))).toBe('third');
  expect(Buffer.from(one).toString()).toBe('first');
  expect(Buffer.from(two).toString()).toBe(long);
  expect(one.buffer.byteLength).toBe(5);
});
