import type { IncomingMessage, ServerResponse } from 'node:http';

/** A content type taken apart: `type` and parameter names in lower case, values as they stand. */
export interface ContentType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads `type/subtype; name=value; …` (RFC 9110, 8.3.1); undefined where there is no header. */
export function parseContentType(header: string | undefined): ContentType | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const [type = '', ...rest] = header.split(';');
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const mark = part.indexOf('=');
    if (mark < 0) continue;
    const value = part.slice(mark + 1).trim();
    const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
    parameters.set(part.slice(0, mark).trim().toLowerCase(), quoted ? value.slice(1, -1) : value);
  }
  return { type: type.trim().toLowerCase(), parameters };
}

/** The path of a request as it was sent: not decoded, without the query. */
export function rawPath(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
}

/** The query of a request as it was sent, not decoded, without the question mark. */
export function rawQuery(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

/** Address of the sender without port; IPv4 in IPv6 form is written as IPv4. */
export function remoteAddress(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? 'unknown';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** What a handler answers. */
export interface Answer {
  readonly statusCode: number;
  /** Body; without a `content-type` among the headers it is plain text. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends an answer, unless the client has gone. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const headers: Record<string, string | number> = { ...answer.headers };
  const body = answer.body ?? '';
  if (body !== '') headers['content-type'] ??= 'text/plain; charset=utf-8';
  if (answer.statusCode !== 204) headers['content-length'] = Buffer.byteLength(body);
  response.writeHead(answer.statusCode, headers);
  response.end(body);
}
