import type { Agent } from 'undici';
import { TidegaugeError } from '../model/index.ts';
import type { SendWrite } from './host/host-agent.ts';

const SEND_TIMEOUT_MS = 10_000;

const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
  'user-agent': 'tidegauge-agent',
};

/** The collector refused a write, or could not take it. */
export class WriteRefusedError extends TidegaugeError {
  readonly code = 'write_refused';
}

/** Sends bodies to a remote write endpoint over one kept connection. */
export function remoteWriteSender(url: string): { send: SendWrite; close(): Promise<void> } {
  let opened: Agent | undefined;
  return {
    async send(body, signal) {
      // Large, and not needed before: it would be a good part of what starting costs.
      const { Agent, request } = await import('undici');
      opened ??= new Agent({ connections: 1, pipelining: 1 });
      const dispatcher = opened;
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        headers: HEADERS,
        body,
        dispatcher,
        signal: AbortSignal.any([signal, AbortSignal.timeout(SEND_TIMEOUT_MS)]),
      });
      const text = await answer.text();
      if (statusCode >= 300) {
        throw new WriteRefusedError(`${url} answered ${statusCode}: ${text.slice(0, 300)}`);
      }
    },
    close: async () => opened?.close(),
  };
}
