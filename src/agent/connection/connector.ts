import { connectPoll } from './poll-transport.ts';
import type { CollectorAddress, Connect } from './transport.ts';
import { connectWebSocket } from './websocket-transport.ts';

/** Connects to one collector, by whichever kind of transport is asked for. */
export function connector(address: CollectorAddress): Connect {
  return (kind, events) =>
    kind === 'websocket' ? connectWebSocket(address, events) : connectPoll(address, events);
}
