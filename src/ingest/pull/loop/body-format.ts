import {
  type ExpositionVisitor,
  scanOpenMetrics,
  scanText,
} from '../../../formats/exposition/index.ts';
import type { ScrapeProtocol } from '../config/scrape-options.ts';
import { ScrapeError } from '../errors.ts';

export type TextFormat = 'text' | 'openmetrics';
export type BodyFormat = TextFormat | 'protobuf';

const FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['text/plain', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/vnd.google.protobuf', 'protobuf'],
]);

/**
 * The format of a body, by its Content-Type alone; `fallback` counts where there is none, or an
 * unknown one.
 * @throws ScrapeError where that leaves the format open.
 */
export function bodyFormat(contentType: string, fallback: ScrapeProtocol | undefined): BodyFormat {
  const [mediaType = ''] = contentType.split(';');
  const known = FORMATS.get(mediaType.trim().toLowerCase());
  if (known !== undefined) return known;
  if (fallback === 'PrometheusProto') return 'protobuf';
  if (fallback !== undefined) return fallback.startsWith('OpenMetrics') ? 'openmetrics' : 'text';
  const shown = JSON.stringify(contentType.slice(0, 100));
  const fault =
    contentType === ''
      ? 'non-compliant scrape target sending blank Content-Type'
      : `received unsupported Content-Type ${shown}`;
  throw new ScrapeError(
    'content_type',
    `${fault} and no fallback_scrape_protocol specified for target`,
  );
}

/** Scans a body of text of `length` bytes. @throws ExpositionError */
export function scanBody(
  format: TextFormat,
  bytes: Uint8Array,
  length: number,
  visitor: ExpositionVisitor,
): void {
  if (format === 'openmetrics') scanOpenMetrics(bytes, 0, length, visitor);
  else scanText(bytes, 0, length, visitor);
}
