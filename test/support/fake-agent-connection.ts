import type { CollectorMessage } from '../../src/formats/tide/index.ts';
import type { AgentConnection, CloseKind } from '../../src/ingest/session/agent-connection.ts';
import { collectorMessages } from './scripted-agent.ts';

/** A connection without a network: keeps what is sent on it. */
export class FakeAgentConnection implements AgentConnection {
  readonly address = '192.0.2.1';
  readonly transport = 'websocket';
  readonly messages: CollectorMessage[] = [];
  closed: { readonly kind: CloseKind; readonly reason: string } | undefined;
  paused = false;
  /** Whether it takes more. */
  takes = true;

  send(frame: Uint8Array): boolean {
    this.messages.push(...collectorMessages(frame));
    return this.takes;
  }

  close(kind: CloseKind, reason: string): void {
    this.closed = { kind, reason };
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** Messages of a type, the oldest first. */
  all<T extends CollectorMessage['type']>(type: T): Extract<CollectorMessage, { type: T }>[] {
    return this.messages.filter(
      (message): message is Extract<CollectorMessage, { type: T }> => message.type === type,
    );
  }

  /** The newest message of a type. @throws RangeError where there is none */
  last<T extends CollectorMessage['type']>(type: T): Extract<CollectorMessage, { type: T }> {
    const found = this.messages.findLast((message) => message.type === type);
    if (found === undefined) throw new RangeError(`no ${type} was sent`);
    return found as Extract<CollectorMessage, { type: T }>;
  }
}
