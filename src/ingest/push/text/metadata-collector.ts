import { unescapeHelp } from '../../../formats/index.ts';
import type { Metadata, MetricType } from '../../../model/index.ts';
import type { Appender } from '../../../storage/api.ts';
import type { FormatName } from '../exposition-body.ts';

/** Gathers what an exposition says of its metric families. */
export class MetadataCollector {
  readonly #format: FormatName;
  readonly #families = new Map<string, { -readonly [K in keyof Metadata]: Metadata[K] }>();
  /** What the ranges point into. */
  bytes: Uint8Array;

  constructor(format: FormatName, bytes: Uint8Array) {
    this.#format = format;
    this.bytes = bytes;
  }

  sample(): void {
    // Samples are no metadata.
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    this.#familyAt(nameStart, nameEnd).type = type;
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const text = unescapeHelp(this.bytes, textStart, textEnd, this.#format);
    this.#familyAt(nameStart, nameEnd).help = text;
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const text = unescapeHelp(this.bytes, textStart, textEnd, this.#format);
    this.#familyAt(nameStart, nameEnd).unit = text;
  }

  appendTo(appender: Appender): void {
    for (const [family, metadata] of this.#families) appender.setMetadata(family, metadata);
  }

  #familyAt(nameStart: number, nameEnd: number) {
    const name = unescapeHelp(this.bytes, nameStart, nameEnd, 'openmetrics');
    let metadata = this.#families.get(name);
    if (metadata === undefined) {
      metadata = { type: 'unknown', help: '', unit: '' };
      this.#families.set(name, metadata);
    }
    return metadata;
  }
}
