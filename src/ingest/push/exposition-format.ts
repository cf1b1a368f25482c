import { PushRefusedError } from './errors.ts';
import { parseContentType } from './http.ts';

/** The format of a pushed exposition; `guessed` where nothing but the body's end says so. */
export interface ExpositionFormat {
  readonly name: 'text' | 'openmetrics';
  readonly guessed: boolean;
}

const TEXT: ExpositionFormat = { name: 'text', guessed: false };
const OPENMETRICS: ExpositionFormat = { name: 'openmetrics', guessed: false };
const GUESSED_OPENMETRICS: ExpositionFormat = { name: 'openmetrics', guessed: true };

/**
 * What clients send that say nothing of the format: prom-client no type at all, `curl
 * --data-binary` the type of a form, `curl --json`-like tools octets.
 */
const UNSPECIFIC = new Set([
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/octet-stream',
]);

/**
 * The format that a push declares by its Content-Type, text 0.0.4 where it declares none. But a
 * body of undeclared format that ends in `# EOF` is OpenMetrics: prom-client pushes a registry of
 * that format without saying so, and as text its counters would lose their type.
 *
 * @throws PushRefusedError (415) for any other type.
 */
export function expositionFormatOf(
  contentType: string | undefined,
  body: Uint8Array,
): ExpositionFormat {
  const parsed = parseContentType(contentType);
  if (parsed?.type === 'application/openmetrics-text') return OPENMETRICS;
  if (parsed !== undefined && !UNSPECIFIC.has(parsed.type)) {
    throw new PushRefusedError(
      415,
      'content_type',
      `content type ${JSON.stringify(contentType)} is not taken here: send text/plain ` +
        '(exposition text 0.0.4) or application/openmetrics-text',
    );
  }
  const declared = parsed?.parameters.has('version') === true;
  return !declared && endsInEof(body) ? GUESSED_OPENMETRICS : TEXT;
}

const EOF_LINE = Buffer.from('# EOF');
const NEWLINE = 0x0a;

function endsInEof(body: Uint8Array): boolean {
  const end = body.at(-1) === NEWLINE ? body.length - 1 : body.length;
  const start = end - EOF_LINE.length;
  if (start < 0 || (start > 0 && body[start - 1] !== NEWLINE)) return false;
  return EOF_LINE.equals(body.subarray(start, end));
}
