import type { Context, MiddlewareHandler } from 'hono';
import { ApiError } from './errors.ts';
import { Params } from './params.ts';

/** What every handler under `/api/v1` finds in its context. */
export interface ApiEnv {
  Variables: { params: Params };
}

export type ApiContext = Context<ApiEnv>;

/** Reads the URL's parameters and a POST form's before the handler runs. */
export function readParams(maxFormBytes: number): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const query = new URL(context.req.url).searchParams;
    context.set('params', new Params(query, await readForm(context, maxFormBytes)));
    await next();
  };
}

async function readForm(context: Context, maxBytes: number): Promise<URLSearchParams | undefined> {
  if (context.req.method !== 'POST') return undefined;
  const type = context.req.header('Content-Type') ?? '';
  if (!type.startsWith('application/x-www-form-urlencoded')) return undefined;
  const declared = Number(context.req.header('Content-Length') ?? 0);
  if (declared > maxBytes) throw formTooLarge(maxBytes);
  const text = await readBounded(context.req.raw.body, maxBytes);
  return new URLSearchParams(text);
}

async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw formTooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function formTooLarge(maxBytes: number): ApiError {
  return new ApiError('bad_data', `error parsing form: the body has more than ${maxBytes} bytes`);
}
