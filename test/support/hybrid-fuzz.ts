import { WebSocket } from 'ws';
import {
  CODEC_NONE,
  decodeControl,
  decodeFrame,
  encodeControl,
  encodeFrame,
  encodeSealed,
  type FrameType,
  type Hello,
  isControl,
} from '../../src/formats/tide/index.ts';
import { helloMessage, liveExtent, sealedBatch, welcomeMessage } from './tide-messages.ts';
import { Chance } from './tide-simulator/chance.ts';

const AGENT_TYPES: readonly FrameType[] = [
  ...(['SCHEMA', 'BATCH', 'HEARTBEAT', 'RANGE_DATA', 'RANGE_GONE'] as const),
  ...(['READ_CHUNK', 'READ_END', 'AUDIT_RESULT', 'BYE', 'BLOCKED'] as const),
];
const SETTLE_MS = 3000;

/** How a collector met an agent that does not behave. */
export interface Met {
  readonly kind: string;
  /** Reasons of FENCE frames. */
  readonly fences: readonly string[];
  readonly rejections: number;
  /** Close code of the WebSocket; undefined while it stays open. */
  readonly closeCode: number | undefined;
}

/** Messages of one bad agent, and whether the collector must end its session. */
interface BadAgent {
  readonly kind: string;
  readonly messages: readonly Uint8Array[];
}

/** Agents that send what no agent sends, all of it following from the seed. */
export function badAgents(seed: number, count: number): BadAgent[] {
  const chance = new Chance(seed);
  const kinds = [noise, brokenFrames, lies, wrongOrder, badPayloads];
  return Array.from({ length: count }, (_, index) =>
    (kinds[index % kinds.length] as (typeof kinds)[number])(chance, `fuzz-${index}`),
  );
}

/** A process that says it is an agent that runs already. */
export function clone(agentId: string, epoch: number): BadAgent {
  const streams = liveExtent(1, 1_000_000);
  const messages = [
    hello(agentId, { streams, nonce: 1 }, epoch),
    encodeSealed(sealedBatch(999_999, { epoch })),
  ];
  return { kind: 'clone', messages };
}

/** Sends what a bad agent has to say and waits for what comes of it. */
export function meet(port: number, { kind, messages }: BadAgent): Promise<Met> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/tide/v1/session`, 'tide.v1');
    const fences: string[] = [];
    let rejections = 0;
    const timer = setTimeout(() => socket.terminate(), SETTLE_MS);
    socket.on('open', () => {
      for (const message of messages) socket.send(message);
    });
    socket.on('message', (data: Buffer) => {
      const frame = decodeFrame(data);
      if (!isControl(frame)) return;
      const message = decodeControl(frame);
      if (message.type === 'FENCE') fences.push(`${message.reason}: ${message.message}`);
      if (message.type === 'ACK') rejections += message.rejections.length;
    });
    // A message that is too long is told by closing in the middle of it.
    socket.on('error', (error) => {
      if (socket.readyState === WebSocket.CONNECTING) reject(error);
    });
    socket.on('close', (code) => {
      clearTimeout(timer);
      resolve({ kind, fences, rejections, closeCode: code === 1006 ? undefined : code });
    });
  });
}

function hello(agentId: string, more: Partial<Hello> = {}, epoch = 1): Uint8Array {
  return encodeControl(helloMessage({ agentId, clockMs: Date.now(), ...more }), epoch);
}

function bytesOf(chance: Chance, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => chance.whole(0, 255));
}

function noise(chance: Chance): BadAgent {
  return { kind: 'noise', messages: [bytesOf(chance, chance.whole(1, 2000))] };
}

/** Good frames with a few bytes changed. */
function brokenFrames(chance: Chance, id: string): BadAgent {
  const good = hello(id);
  const bytes = good.slice();
  for (let times = chance.whole(1, 4); times > 0; times--) {
    const at = chance.whole(0, bytes.length - 1);
    bytes[at] = (good[at] ?? 0) ^ chance.whole(1, 255);
  }
  return { kind: 'broken frame', messages: [bytes] };
}

/** Lengths that are not so. */
function lies(chance: Chance, id: string): BadAgent {
  const long = new Uint8Array(70_000);
  const short = hello(id).subarray(0, chance.whole(1, 40));
  const wrong = hello(id);
  new DataView(wrong.buffer).setUint32(24, chance.pick([0, 1, 0x7fffffff, 0xffffffff]), true);
  return { kind: 'lie', messages: [chance.pick([long, short, wrong])] };
}

function wrongOrder(chance: Chance, id: string): BadAgent {
  const batch = encodeSealed(sealedBatch(1, { epoch: 1 }));
  const welcome = encodeControl(welcomeMessage(), 1);
  const other = encodeSealed(sealedBatch(1, { epoch: 2 }));
  const messages = chance.pick([
    [batch, hello(id)],
    [hello(id), hello(id)],
    [hello(id), welcome],
    [hello(id), other],
  ]);
  return { kind: 'wrong order', messages };
}

/** Frames as they should be around what no agent would put in them. */
function badPayloads(chance: Chance, id: string): BadAgent {
  const messages = [hello(id, { streams: liveExtent(1, chance.pick([0, 5, 2 ** 50])) })];
  for (let seq = 1; seq <= 20; seq++) {
    const type = chance.pick(AGENT_TYPES);
    const isNumbered = type === 'BATCH' || type === 'SCHEMA' || type === 'RANGE_DATA';
    const lane = { RANGE_DATA: 2, READ_CHUNK: 4, READ_END: 4, RANGE_GONE: 2 } as const;
    const stream = isNumbered && type !== 'RANGE_DATA' ? 1 : (lane[type as keyof typeof lane] ?? 3);
    const header = { type, flags: 0, stream, codec: CODEC_NONE, epoch: 1, seq: 0 } as const;
    const payload = bytesOf(chance, chance.whole(0, 200));
    try {
      messages.push(encodeFrame({ ...header, seq: isNumbered ? seq : 0 }, payload));
    } catch {
      // A header that no frame has cannot be made here: what is left of it is noise.
      messages.push(payload);
    }
  }
  return { kind: 'bad payload', messages };
}
