import { PushRefusedError } from './errors.ts';
import { type ContentType, parseContentType } from './http.ts';

/** The format of a pushed exposition; `guessed` where nothing but the body's end says so. */
export interface ExpositionFormat {
  readonly name: 'text' | 'openmetrics' | 'protobuf';
  readonly guessed: boolean;
}

const TEXT: ExpositionFormat = { name: 'text', guessed: false };
const OPENMETRICS: ExpositionFormat = { name: 'openmetrics', guessed: false };
const PROTOBUF: ExpositionFormat = { name: 'protobuf', guessed: false };
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
 * @throws PushRefusedError (415) for any other type, protobuf in another than the delimited form
 *   included.
 */
export function expositionFormatOf(
  contentType: string | undefined,
  body: Uint8Array,
): ExpositionFormat {
  const parsed = parseContentType(contentType);
  if (parsed?.type === 'application/openmetrics-text') return OPENMETRICS;
  if (parsed?.type === 'application/vnd.google.protobuf') {
    checkProtobuf(contentType, parsed);
    return PROTOBUF;
  }
  if (parsed !== undefined && !UNSPECIFIC.has(parsed.type)) {
    throw new PushRefusedError(
      415,
      'content_type',
      `content type ${JSON.stringify(contentType)} is not taken here: send text/plain ` +
        '(exposition text 0.0.4), application/openmetrics-text or ' +
        PROTOBUF_TYPE,
    );
  }
  const declared = parsed?.parameters.has('version') === true;
  return !declared && endsInEof(body) ? GUESSED_OPENMETRICS : TEXT;
}

/** What Go programs push by default: messages of the binary form, each after its length. */
const PROTO = 'io.prometheus.client.MetricFamily';
const PROTOBUF_TYPE = `application/vnd.google.protobuf; proto=${PROTO}; encoding=delimited`;

function checkProtobuf(contentType: string | undefined, { parameters }: ContentType): void {
  const encoding = parameters.get('encoding');
  if (parameters.get('proto') === PROTO && encoding === 'delimited') return;
  const isText = encoding === 'text' || encoding === 'compact-text';
  throw new PushRefusedError(
    415,
    'content_type',
    `content type ${JSON.stringify(contentType)} is not taken here: of protobuf send ` +
      PROTOBUF_TYPE +
      (isText ? ', not its text form; or exposition text as text/plain' : ''),
  );
}

const EOF_LINE = Buffer.from('# EOF');
const NEWLINE = 0x0a;

function endsInEof(body: Uint8Array): boolean {
  const end = body.at(-1) === NEWLINE ? body.length - 1 : body.length;
  const start = end - EOF_LINE.length;
  if (start < 0 || (start > 0 && body[start - 1] !== NEWLINE)) return false;
  return EOF_LINE.equals(body.subarray(start, end));
}
