/**
 * Receives what a walk over a remote write 1.0 message (`prometheus.WriteRequest`, decompressed)
 * finds. Byte ranges are offsets into the walked bytes, valid during the call only.
 */
export interface RemoteWriteVisitor {
  /**
   * A series begins. `[identityStart, identityEnd)` are the bytes of its label fields, which name
   * it: equal bytes are the same series. (Where a sender scatters label fields, the walk gathers
   * them in a scratch of its own, and `identityBytes` is that scratch instead of the message.)
   */
  series(identityBytes: Uint8Array, identityStart: number, identityEnd: number): void;
  /**
   * A sample of the series. The value's eight bytes, little endian, begin at `valueOffset` of the
   * message (-1: the field is missing, which means 0). `timestamp` is integer milliseconds.
   */
  sample(valueOffset: number, timestamp: number): void;
  /** An encoded `prometheus.Histogram` (decode with `decodeHistogram`). */
  histogram(start: number, end: number): void;
  /** An encoded `prometheus.Exemplar` (decode with `decodeExemplar`). */
  exemplar(start: number, end: number): void;
  /** An encoded `prometheus.MetricMetadata` (decode with `decodeMetadata`). */
  metadata(start: number, end: number): void;
}
