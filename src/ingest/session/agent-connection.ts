import type { Labels } from '../../model/index.ts';

/** Who is at the other end of a connection, as its credentials say. */
export interface Principal {
  /** The only agent id that it may use; undefined: any. */
  readonly agentId: string | undefined;
  /** On every series of the agent, whatever it says itself. */
  readonly labels: Labels;
  /** When a certificate that it rests on ends; undefined for what does not end. */
  readonly expiresMs?: number;
}

/** Why a connection ends, for the transport to say in its own words. */
export type CloseKind = 'LEFT' | 'LEAVING' | 'PROTOCOL' | 'REFUSED' | 'OVERLOAD' | 'LOST';

/** One connection of an agent, whatever carries it. */
export interface AgentConnection {
  /** Address without port, to be shown. */
  readonly address: string;
  readonly transport: 'websocket' | 'poll';
  /** Sends one frame; false when the peer has not taken what it was sent and too much waits. */
  send(frame: Uint8Array): boolean;
  /** Ends it after what was sent; nothing is heard of it afterwards. */
  close(kind: CloseKind, reason: string): void;
  /** Stops and goes on reading from the peer. */
  pause(): void;
  resume(): void;
}
