import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { PartStream } from './part-stream.ts';

/** What a route answers; written as it is, but for HEAD, which gets the headers alone. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is read to its end, or given up when the client goes away. */
  readonly body: string | Uint8Array | PartStream;
}

/** Name, value, …: node takes a list as it is. */
function headerList(
  own: Answer['headers'],
  extra: Answer['headers'],
  size: string | undefined,
): string[] {
  const list: string[] = [];
  // Of a name that is in both the extra one counts.
  for (const name of Object.keys(own)) if (!(name in extra)) list.push(name, own[name] ?? '');
  for (const name of Object.keys(extra)) list.push(name, extra[name] ?? '');
  if (size !== undefined) list.push('Content-Length', size);
  return list;
}

/** Writes an answer; `extra` are headers beside its own. */
export function sendAnswer(
  { method }: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  extra: Readonly<Record<string, string>>,
): void {
  const isWhole = typeof body === 'string' || body instanceof Uint8Array;
  const size = isWhole && status !== 204 ? String(Buffer.byteLength(body)) : undefined;
  response.writeHead(status, headerList(headers, extra, size));
  if (isWhole) {
    response.end(method === 'HEAD' ? undefined : body);
  } else if (method === 'HEAD') {
    body.readable.destroy();
    response.end();
  } else {
    // An answer that breaks off shows as a connection that ends before the body does.
    pipeline(body.readable, response, () => undefined);
  }
}
