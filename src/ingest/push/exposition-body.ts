import {
  type NativeExpositionVisitor,
  ProtoExposition,
  scanOpenMetrics,
  scanText,
  validateOpenMetrics,
  validateText,
} from '../../formats/index.ts';

/** How names and texts are written in the bytes that a visitor's ranges point into. */
export type FormatName = 'text' | 'openmetrics';

/** A pushed exposition of any format, to be visited. */
export interface ExpositionBody {
  readonly format: FormatName;
  /** What the ranges given to a visitor point into. */
  readonly bytes: Uint8Array;
  /** @throws ExpositionError where it is malformed; text only, protobuf was decoded before. */
  scan(visitor: NativeExpositionVisitor): void;
  /** Holds it to all rules of its format. @throws ExpositionError or ExpositionProtoError */
  validate(): void;
}

/** A body of text. A last line without a newline may have been cut off: refused. */
export function textBody(bytes: Uint8Array, format: FormatName): ExpositionBody {
  return {
    format,
    bytes,
    scan(visitor) {
      if (format === 'openmetrics') scanOpenMetrics(bytes, 0, bytes.length, visitor);
      else scanText(bytes, 0, bytes.length, visitor, { requireFinalNewline: true });
    },
    validate() {
      if (format === 'openmetrics') validateOpenMetrics(bytes, 0, bytes.length);
      else validateText(bytes, 0, bytes.length);
    },
  };
}

/**
 * A body of protobuf, read as the text that would say the same and bounded as such.
 * @throws ExpositionProtoError where it is malformed
 */
export function protobufBody(bytes: Uint8Array, maxTextBytes: number): ExpositionBody {
  const exposition = new ProtoExposition(bytes, { maxTextBytes });
  return {
    format: 'text',
    bytes: exposition.bytes,
    scan: (visitor) => exposition.scan(visitor),
    validate: () => exposition.validate(),
  };
}
