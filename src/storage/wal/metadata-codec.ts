import type { Metadata } from '../../model/index.ts';
import { METRIC_TYPES } from '../../model/index.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

type MetadataEntries = readonly (readonly [metricFamily: string, metadata: Metadata])[];

export function encodeMetadata(writer: ByteWriter, entries: MetadataEntries): void {
  writer.varint(entries.length);
  for (const [family, metadata] of entries) {
    writer.text(family);
    writer.u8(METRIC_TYPES.indexOf(metadata.type));
    writer.text(metadata.help);
    writer.text(metadata.unit);
  }
}

export function decodeMetadata(reader: ByteReader): MetadataEntries {
  return Array.from({ length: reader.count(4) }, () => {
    const family = reader.text();
    const code = reader.u8();
    const type = METRIC_TYPES[code];
    if (type === undefined) throw new RecordFormatError(`${code} is no metric type`);
    return [family, { type, help: reader.text(), unit: reader.text() }] as const;
  });
}
