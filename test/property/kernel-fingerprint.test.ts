import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as layout from '../../src/kernel/layout.ts';
import { instantiate, loadKernelModule } from '../../src/kernel/module.ts';
import { webAssembly } from '../../src/kernel/web-assembly.ts';

const U_FINGERPRINT = 16;
const SEGMENT_BYTES = 1024;
const MIX = 0x9e3779b97f4a7c15n;
const AVALANCHE_1 = 0xbf58476d1ce4e5b9n;
const AVALANCHE_2 = 0x94d049bb133111ebn;

const key = Uint8Array.from({ length: 1072 }, (_, index) => (index * index * 31 + index * 7) >> 3);
const keyView = new DataView(key.buffer);

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const mixAt = (offset: number): bigint => keyView.getBigUint64(SEGMENT_BYTES + 16 + offset, true);

/** The plain implementation: NH in blocks of eight words, with keys from `shift` on. */
function nh(segment: Uint8Array, shift: number): bigint {
  const padded = new Uint8Array(Math.ceil(segment.length / 32) * 32);
  padded.set(segment);
  const words = new Uint32Array(padded.buffer);
  const word = (index: number): bigint =>
    BigInt.asUintN(32, BigInt(words[index]!) + BigInt(keyView.getUint32(shift + 4 * index, true)));
  let sum = 0n;
  for (let block = 0; block < words.length; block += 8) {
    for (let index = block; index < block + 4; index++) sum += word(index) * word(index + 4);
  }
  return wrap(sum);
}

function avalanche(hash: bigint): bigint {
  let mixed = wrap((hash ^ (hash >> 30n)) * AVALANCHE_1);
  mixed = wrap((mixed ^ (mixed >> 27n)) * AVALANCHE_2);
  return mixed ^ (mixed >> 31n);
}

function oracle(bytes: Uint8Array, context: number): string {
  const lane = (start: bigint, shift: number, factor: bigint, contextFactor: bigint): bigint => {
    let hash = start;
    let from = 0;
    do {
      const sum = nh(bytes.subarray(from, from + SEGMENT_BYTES), shift);
      const product = wrap((hash ^ sum) * MIX);
      hash = wrap((product << 29n) | (product >> 35n));
      from += SEGMENT_BYTES;
    } while (from < bytes.length);
    const length = wrap(BigInt(bytes.length) * factor);
    return avalanche(hash ^ length ^ wrap(BigInt(context) * contextFactor));
  };
  const low = lane(mixAt(0), 0, MIX, mixAt(16));
  const high = lane(mixAt(8), 16, AVALANCHE_1, mixAt(24));
  return `${low === 0n ? 1n : low} ${high}`;
}

test('fingerprints are those of the plain implementation, whatever stands behind', () => {
  const memory = new webAssembly.Memory({ initial: 1, maximum: 256, shared: true });
  const kernel = instantiate(loadKernelModule(), memory);
  new Uint8Array(memory.buffer, kernel.keyAddress(), key.length).set(key);
  expect(kernel.setUp(256, 0)).toBe(1);
  const body = kernel.openBody();
  const view = (): DataView => new DataView(memory.buffer);

  /** A comment is a name whose bytes can be anything but a newline. */
  function fingerprint(name: Uint8Array, context: number, behind: Uint8Array): string {
    const owner = kernel.openOwner(context, 0);
    const input = kernel.reserveInput(body, 8192);
    new Uint8Array(memory.buffer, input, 8192).set([...name, 0x0a, ...behind]);
    view().setUint32(body + layout.B_INPUT_LENGTH, name.length + 1, true);
    kernel.useInput(body);
    expect(kernel.scanText(body, owner, 0, 0)).toBe(layout.STATUS_OK);
    const unknown = view().getUint32(body + layout.B_UNKNOWN, true);
    kernel.closeOwner(owner);
    const low = view().getBigUint64(unknown + U_FINGERPRINT, true);
    return `${low} ${view().getBigUint64(unknown + U_FINGERPRINT + 8, true)}`;
  }

  const byte = fc.integer({ min: 0, max: 255 }).map((one) => (one === 0x0a ? 0 : one));
  const length = fc.oneof(fc.nat(200), fc.integer({ min: 1000, max: 3200 }));
  const name = fc
    .tuple(length, fc.array(byte, { minLength: 1, maxLength: 70 }))
    .map(([size, some]) =>
      Uint8Array.from({ length: size + 1 }, (_, index) =>
        index === 0 ? 0x23 : (some[(index * 7) % some.length] ?? 0),
      ),
    );
  fc.assert(
    fc.property(
      name,
      fc.nat(0xffff_ffff),
      fc.uint8Array({ maxLength: 40 }),
      (one, context, behind) => {
        const want = oracle(one, context);
        expect(fingerprint(one, context, behind)).toBe(want);
      },
    ),
    { numRuns: 500 },
  );
  // Zeros at the end count, as does the context.
  const zeros = Array.from({ length: 70 }, (_, size) =>
    fingerprint(Uint8Array.from([0x23, ...new Uint8Array(size)]), 1, new Uint8Array(64)),
  );
  expect(new Set([...zeros, fingerprint(Uint8Array.of(0x23), 2, new Uint8Array())]).size).toBe(71);
});
