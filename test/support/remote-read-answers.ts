import { Labels, SampleColumns } from '../../src/model/index.ts';
import { decodeChunk } from '../../src/formats/tsdb/index.ts';
import { crc32c } from '../../src/util/index.ts';
import { prometheusType } from './remote-write-protos.ts';

/** A series of an answer: its labels as text, and samples as `time=bits` (of the value). */
export interface ReadSeries {
  readonly labels: string;
  readonly samples: readonly string[];
}

interface Pair {
  readonly name: string;
  readonly value: string;
}

interface ChunkedResponse {
  readonly chunked_series: readonly {
    readonly labels: readonly Pair[];
    readonly chunks: readonly { readonly type: number; readonly data: Uint8Array }[];
  }[];
}

/** The bytes of each frame of a streamed answer. @throws where a length or checksum is wrong */
export function framesOf(body: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let position = 0;
  while (position < body.length) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body[position++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const wanted = new DataView(body.buffer, body.byteOffset + position, 4).getUint32(0);
    const frame = body.subarray(position + 4, position + 4 + length);
    if (frame.length !== length) throw new Error('the last frame is not whole');
    if (crc32c(frame) !== wanted) throw new Error('the checksum of a frame is wrong');
    frames.push(frame);
    position += 4 + length;
  }
  return frames;
}

/** The series of all frames, those that follow each other with the same labels as one. */
export function seriesOfFrames(body: Uint8Array): ReadSeries[] {
  const type = prometheusType('ChunkedReadResponse');
  const all: { labels: string; samples: string[] }[] = [];
  for (const frame of framesOf(body)) {
    const message = type.toObject(type.decode(frame), { arrays: true }) as ChunkedResponse;
    for (const { labels, chunks } of message.chunked_series) {
      const text = textOf(labels);
      if (all.at(-1)?.labels !== text) all.push({ labels: text, samples: [] });
      for (const { type: encoding, data } of chunks) {
        all.at(-1)?.samples.push(...samplesOf(encoding, data));
      }
    }
  }
  return all;
}

function textOf(labels: readonly Pair[]): string {
  return Labels.fromEntries(labels.map(({ name, value }) => [name, value])).toString();
}

function samplesOf(encoding: number, data: Uint8Array): string[] {
  const columns = new SampleColumns();
  const raw = { encoding, bytes: data, start: 0, end: data.length };
  const histograms = decodeChunk(raw, { file: 'frame' }, columns);
  const texts: string[] = [];
  for (let index = 0; index < columns.length; index++) {
    const bits = [columns.words[2 * index + 1], columns.words[2 * index]];
    texts.push(`${columns.timestamps[index]}=${bits.join(':')}`);
  }
  for (const { timestamp, histogram } of histograms) {
    texts.push(`${timestamp}=${JSON.stringify(histogram ?? 'stale')}`);
  }
  return texts;
}
