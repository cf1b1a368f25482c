import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/tls-collector.ts';
import { openCertificateRequest } from '../../formats/x509/index.ts';
import { Authority } from '../../ingest/index.ts';
import { Labels } from '../../model/index.ts';
import { FakeClock } from '../../util/index.ts';
import { ClientIdentity } from './client-identity.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const LIFE_MS = 30 * 86_400_000;

function setUp() {
  const clock = new FakeClock(START_MS);
  const folder = temporaryFolder();
  const authority = Authority.open(join(folder, 'ca'), clock);
  const sign = (request: Uint8Array, agentId = 'a1') => {
    const identity = { agentId, labels: Labels.EMPTY };
    return authority.issueAgent(openCertificateRequest(request), identity, LIFE_MS).pem;
  };
  return { clock, folder, sign, identity: new ClientIdentity(folder, 'a1') };
}

test('a certificate is kept with its key, readable by its owner alone', () => {
  const { folder, sign, identity } = setUp();
  expect(identity.isValid(START_MS)).toBe(false);
  expect(identity.renewal(START_MS)).toBeUndefined();
  identity.accept(sign(identity.request()));
  const path = join(folder, 'identity.pem');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = new ClientIdentity(folder, 'a1');
  expect(again.pem).toBe(readFileSync(path, 'utf8'));
  expect(again.isValid(START_MS)).toBe(true);
  expect(again.isValid(START_MS + LIFE_MS)).toBe(false);
  expect(new ClientIdentity(folder, 'other').isValid(START_MS)).toBe(false);
});

test('it is renewed after two thirds, with a new key, and asked for again in time', () => {
  const { folder, sign, identity } = setUp();
  identity.accept(sign(identity.request()));
  const before = identity.pem;
  expect(identity.renewal(START_MS + LIFE_MS * 0.65)).toBeUndefined();
  const dueMs = START_MS + LIFE_MS * 0.67;
  expect(identity.renewal(dueMs)).toBeDefined();
  expect(identity.renewal(dueMs + 599_000)).toBeUndefined();
  const request = identity.renewal(dueMs + 600_000);
  identity.accept(sign(request ?? new Uint8Array()));
  expect(identity.pem).not.toBe(before);
  expect(new ClientIdentity(folder, 'a1').pem).toBe(identity.pem);
});

test('what was not asked for, or is broken, is not taken', () => {
  const { folder, sign, identity } = setUp();
  const old = identity.request();
  identity.request();
  expect(() => identity.accept(sign(old))).toThrow('not for the key that was asked with');
  expect(() => identity.accept('nonsense')).toThrow('cannot be used');
  writeFileSync(join(folder, 'identity.pem'), 'nonsense');
  expect(() => new ClientIdentity(folder, 'a1')).toThrow(/identity.pem cannot be used.*--join/);
});
