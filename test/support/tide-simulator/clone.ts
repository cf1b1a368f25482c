import { CODEC_NONE, type Hello } from '../../../src/formats/tide/index.ts';
import type { Connection, Endpoint } from './network.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

/** What became of a process that says it is somebody else. */
export type CloneOutcome = 'UNHEARD' | 'FENCED' | 'WELCOMED';

/**
 * A process with the identity and the epoch of an agent, but not its nonce: it says HELLO, and then
 * what only somebody in a session may say.
 */
export class Clone {
  outcome: CloneOutcome = 'UNHEARD';
  readonly #hello: Hello;
  readonly #epoch: number;
  #connection: Connection | undefined;

  constructor(agentId: string, epoch: number, nowMs: number) {
    this.#epoch = epoch;
    this.#hello = {
      type: 'HELLO',
      agentId,
      nonce: 1,
      agentVersion: '0',
      bootReason: 'START',
      codecs: [CODEC_NONE],
      capabilities: [],
      schemaVersion: 0,
      schemaHash: { low: 0, high: 0 },
      policyVersion: 0,
      groups: [],
      clockMs: nowMs,
      streams: [{ stream: 1, firstRetained: 1, lastSeq: 1_000_000 }],
      previous: [],
      ticks: [],
    };
  }

  begin(connect: (end: Endpoint) => Connection | undefined): void {
    this.#connection = connect({
      message: (bytes) => {
        const { message } = decodeMessage(bytes as Uint8Array);
        if (message.type === 'WELCOME') this.outcome = 'WELCOMED';
        else if (message.type === 'FENCE' && this.outcome === 'UNHEARD') this.outcome = 'FENCED';
      },
      closed: () => {},
    });
    this.#connection?.send('collector', encodeMessage(this.#hello, this.#epoch), false);
    const payload = new Uint8Array(8);
    const lie = { type: 'BATCH', stream: 1, codec: CODEC_NONE, seq: 999_999 } as const;
    const batch = { ...lie, epoch: this.#epoch, payload };
    this.#connection?.send('collector', encodeMessage(batch, this.#epoch), true);
  }
}
