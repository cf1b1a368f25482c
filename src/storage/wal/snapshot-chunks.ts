import type { KernelBody } from '../../kernel/index.ts';
import { SampleColumns } from '../../model/index.ts';
import { RestoredColumns, type RestoredSeries } from '../head/restored-series.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import { decodeHistogramSamples, decodeSnapshotLabels } from './snapshot-codec.ts';

/*
 * Series as checkpoints of version 2 have them, their samples packed anew:
 *
 *     record   | texts: count varint, each length varint and UTF-8 | series … to the end |
 *     series   | ref u32 | ids: count varint, varint … | 2 * chunks + flag varint | newest f64 |
 *              | chunk … | histograms |
 *     chunk    | length varint | a chunk of the kernel that stands alone |
 *
 * `ids` are places in `texts`: name, value, name, value, … Chunks are ascending by time. `newest`
 * is there with flag 1: where no sample has the newest time of the series.
 */

/** Reads such records, series by series. */
export class ChunkRecordReader {
  readonly #body: KernelBody;
  readonly #samples = new SampleColumns();
  readonly #restored = new RestoredColumns(this.#samples);

  /** `body` unpacks the chunks. */
  constructor(body: KernelBody) {
    this.#body = body;
  }

  /** Calls `onSeries` with each series; its samples are to be used before the next one. */
  read(reader: ByteReader, onSeries: (series: RestoredSeries) => void): void {
    const texts = reader.texts();
    while (reader.remaining > 0) {
      const ref = reader.u32();
      const labels = decodeSnapshotLabels(reader, texts);
      this.#samples.reset();
      const flagged = reader.varint();
      const newest = flagged % 2 === 1 ? { newest: reader.f64() } : {};
      for (let left = Math.floor(flagged / 2); left > 0; left--) {
        this.#unpack(reader.bytes(reader.varint()));
      }
      const histograms = decodeHistogramSamples(reader);
      onSeries({ ref, labels, samples: this.#restored, histograms, ...newest });
    }
  }

  #unpack(chunk: Uint8Array): void {
    const body = this.#body;
    body.input(chunk.length).set(chunk);
    body.setInputLength(chunk.length);
    body.useInput();
    const status = body.unpackColumns();
    if (!status.ok) {
      throw new RecordFormatError(`a chunk of ${chunk.length} bytes: ${status.code}`);
    }
    const { timestamps, words, length } = body.columns();
    this.#samples.append(timestamps, words, 0, length);
  }
}
