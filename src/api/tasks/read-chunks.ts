import { encodeChunkFrame } from '../../formats/remote-read/index.ts';
import { encodeLabels } from '../../formats/remote-write/index.ts';
import { type EncodedChunk, encodeSeriesChunks } from '../../formats/tsdb/index.ts';
import { Labels, SampleColumns } from '../../model/index.ts';
import type { QueryTask } from '../../query/index.ts';
import { matchersOf, type ReadInput, withExternal } from './read-series.ts';
import { bytesAnswer, withSeries } from './select-series.ts';

/** What a chunk takes besides its data, about. */
const CHUNK_OVERHEAD_BYTES = 24;

/** Frames are gathered to parts of this size, so that small series do not cost a message each. */
const PART_BYTES = 256 * 1024;

/** Remote read with chunks: a stream of frames, one or more for each series, sent part by part. */
export const readChunksTask: QueryTask = async (input, context) => {
  const { queries, externalLabels, maxSamples, maxFrameBytes } = input as ReadInput;
  const external = Labels.fromPairs(externalLabels);
  const parts = new PartSender(context.send);
  const columns = new SampleColumns();
  for (const [queryIndex, query] of queries.entries()) {
    const { minTime, maxTime } = query;
    const hints = { minTime, maxTime, maxSamples };
    await withSeries(context, matchersOf(query, external), hints, async (set) => {
      for (let index = 0; index < set.length; index++) {
        columns.reset();
        set.samples(index, columns);
        const labels = encodeLabels(withExternal(set.labels(index), external));
        const chunks = encodeSeriesChunks(columns, set.histograms(index));
        for (const frameChunks of intoFrames(chunks, maxFrameBytes - labels.length)) {
          await parts.add(encodeChunkFrame(queryIndex, labels, frameChunks));
        }
      }
    });
  }
  return bytesAnswer(parts.rest());
};

/** Groups of chunks: each ends with the chunk that brings it to `sizeBytes`. */
function* intoFrames(
  chunks: Iterable<EncodedChunk>,
  sizeBytes: number,
): Generator<readonly EncodedChunk[]> {
  let group: EncodedChunk[] = [];
  let gathered = 0;
  for (const chunk of chunks) {
    group.push(chunk);
    gathered += chunk.data.length + CHUNK_OVERHEAD_BYTES;
    if (gathered < sizeBytes) continue;
    yield group;
    group = [];
    gathered = 0;
  }
  if (group.length > 0) yield group;
}

class PartSender {
  readonly #send: (part: Uint8Array<ArrayBuffer>) => Promise<void>;
  #frames: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(send: (part: Uint8Array<ArrayBuffer>) => Promise<void>) {
    this.#send = send;
  }

  async add(frame: Uint8Array): Promise<void> {
    this.#frames.push(frame);
    this.#sizeBytes += frame.length;
    if (this.#sizeBytes >= PART_BYTES) await this.#send(this.rest());
  }

  /** What has not been sent, which is then forgotten. */
  rest(): Uint8Array<ArrayBuffer> {
    const part = new Uint8Array(this.#sizeBytes);
    let length = 0;
    for (const frame of this.#frames) {
      part.set(frame, length);
      length += frame.length;
    }
    this.#frames = [];
    this.#sizeBytes = 0;
    return part;
  }
}
