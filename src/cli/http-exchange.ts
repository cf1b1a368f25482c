import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

export interface HttpExchange {
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with POST; undefined asks with GET. */
  readonly form: URLSearchParams | undefined;
  readonly timeoutMs: number;
  /** The only authority that is trusted, as PEM; undefined: those of the system. */
  readonly ca?: string;
}

/** Sends one request and resolves with the whole answer. Rejects with errors of the network. */
export function exchange(
  url: URL,
  { headers, form, timeoutMs, ca }: HttpExchange,
): Promise<{ readonly status: number; readonly text: string }> {
  const module = url.protocol === 'https:' ? https : http;
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const options = {
      method: form === undefined ? 'GET' : 'POST',
      headers: form === undefined ? headers : { ...headers, ...type },
      agent: false,
      signal,
      ...(ca === undefined ? {} : { ca }),
    } as const;
    const fail = (error: Error): void => {
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
    };
    const request = module.request(url, options, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, text: body }),
        fail,
      );
    });
    request.on('error', fail);
    request.end(form?.toString());
  });
}
