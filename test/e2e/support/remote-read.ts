import {
  compress,
  compressedSizeMax,
  decompress,
  decompressedSize,
} from '../../../src/formats/index.ts';
import { WireReader } from '../../../src/formats/protobuf/wire-reader.ts';
import { wordAt } from '../../../src/util/index.ts';
import { ByteWriter } from '../../../src/util/index.ts';

const ANSWER_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Every float sample that a server has between two times, by remote read: `labels @time bits`. In
 * the order of series and times.
 */
export async function readSampleBits(
  url: string,
  range: { readonly minTime: number; readonly maxTime: number },
): Promise<string[]> {
  const request = encodeRequest(range);
  const body = new Uint8Array(compressedSizeMax(request.length));
  const size = compress(request, 0, request.length, body);
  const response = await fetch(`${url}/api/v1/read`, {
    method: 'POST',
    headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' },
    body: body.subarray(0, size),
  });
  const answer = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) throw new Error(`${response.status} ${Buffer.from(answer).toString()}`);
  const bytes = new Uint8Array(decompressedSize(answer, 0, answer.length, ANSWER_BYTES_MAX));
  decompress(answer, 0, answer.length, bytes);
  return decodeAnswer(bytes);
}

/** ReadRequest with one query for all series: `__name__ =~ ".*"`. */
function encodeRequest({ minTime, maxTime }: { minTime: number; maxTime: number }): Uint8Array {
  const matcher = new ByteWriter();
  matcher.uint(0x08);
  matcher.uint(2);
  for (const [key, text] of [
    [0x12, '__name__'],
    [0x1a, '.*'],
  ] as const) {
    matcher.uint(key);
    matcher.uint(text.length);
    matcher.bytes(Buffer.from(text));
  }
  const query = new ByteWriter();
  query.uint(0x08);
  query.uint(minTime);
  query.uint(0x10);
  query.uint(maxTime);
  query.uint(0x1a);
  query.uint(matcher.length);
  query.bytes(matcher.written());
  const request = new ByteWriter();
  request.uint(0x0a);
  request.uint(query.length);
  request.bytes(query.written());
  return request.written();
}

/** ReadResponse: results (1), of each its series (1), of each labels (1) and samples (2). */
function decodeAnswer(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  const fault = (offset: number, problem: string): Error => new Error(`byte ${offset}: ${problem}`);
  const reader = new WireReader(bytes, 0, bytes.length, fault);
  within(reader, 0x0a, () =>
    within(reader, 0x0a, () => {
      const labels: string[] = [];
      const samples: string[] = [];
      each(reader, (key) => {
        if (key === 0x0a) nested(reader, () => labels.push(readLabel(reader)));
        else if (key === 0x12) nested(reader, () => samples.push(readSample(reader)));
        else reader.skip(key);
      });
      for (const sample of samples) lines.push(`{${labels.join(', ')}} ${sample}`);
    }),
  );
  return lines;
}

function within(reader: WireReader, wanted: number, read: () => void): void {
  each(reader, (key) => {
    if (key === wanted) nested(reader, read);
    else reader.skip(key);
  });
}

function each(reader: WireReader, read: (key: number) => void): void {
  while (reader.position < reader.limit) read(reader.key());
}

function nested(reader: WireReader, read: () => void): void {
  const outer = reader.limit;
  reader.limit = reader.lengthEnd();
  read();
  reader.limit = outer;
}

function readLabel(reader: WireReader): string {
  const texts: string[] = [];
  each(reader, () => {
    const end = reader.lengthEnd();
    texts.push(Buffer.from(reader.bytes.subarray(reader.position, end)).toString('utf8'));
    reader.position = end;
  });
  return `${texts[0]}=${JSON.stringify(texts[1])}`;
}

function readSample(reader: WireReader): string {
  let time = 0;
  let bits = sampleBits(0, 0);
  each(reader, (key) => {
    if (key === 0x10) {
      time = reader.int();
      return;
    }
    const at = reader.fixed64();
    bits = sampleBits(wordAt(reader.bytes, at), wordAt(reader.bytes, at + 4));
  });
  return `@${time} ${bits}`;
}

/** A value's words as `readSampleBits` shows them. */
export function sampleBits(low: number, high: number): string {
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
