import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { messageOf, TidegaugeError } from '../model/index.ts';

/** The address could not be listened on. */
export class ListenError extends TidegaugeError {
  readonly code = 'listen_failed';
}

/** Listens on HOST:PORT, and resolves with the URL. @throws ListenError */
export async function listen(
  server: Server,
  address: string,
  scheme: 'http' | 'https',
): Promise<string> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new ListenError(`cannot listen on ${host}:${port}: ${messageOf(error)}`));
    });
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
  const shownHost = host === '' || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const bracketed = shownHost.includes(':') ? `[${shownHost}]` : shownHost;
  return `${scheme}://${bracketed}:${(server.address() as AddressInfo).port}`;
}

/**
 * Ends listening, and waits for `requests` under way on the connections taken; after the time
 * allowed they are cut off.
 */
export function closeServer(
  server: Server,
  requests: HttpServer | HttpsServer,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => requests.closeAllConnections(), timeoutMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    requests.closeIdleConnections();
  });
}
