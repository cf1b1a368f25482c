import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/tls-collector.ts';
import { agentOptionsSchema } from './agent-options.ts';
import { agentIdOf, openTls, tokenOf } from './identity.ts';

const PIN = `sha256:${'ab'.repeat(32)}`;

function optionsWith(given: Record<string, unknown>) {
  return agentOptionsSchema.parse({ data: temporaryFolder(), ...given });
}

test('a token that cannot be sent is said with where it is, and is not shown', () => {
  const path = join(temporaryFolder(), 'token');
  const options = optionsWith({ token_file: path });
  expect(() => tokenOf(options)).toThrow(/^token file .*token cannot be read: ENOENT/);
  writeFileSync(path, '\n');
  expect(() => tokenOf(options)).toThrow(/^the token in .*token is empty, want one word/);
  writeFileSync(path, 'secret one\nsecret two\n');
  expect(() => tokenOf(options)).toThrow(/^the token in .*token has blanks/);
  expect(() => tokenOf(options)).not.toThrow(/secret/);
  expect(() => tokenOf(optionsWith({ token: 'käse' }))).toThrow(/^the token has blanks, .* other/);
  writeFileSync(path, 'secret\n');
  expect(tokenOf(options)).toBe('secret');
});

test('a file that is no certificate is refused before anything is sent', async () => {
  const path = join(temporaryFolder(), 'ca.pem');
  writeFileSync(path, 'no certificate');
  const opened = openTls(optionsWith({ ca_file: path }), 'https://127.0.0.1:1', 'a', 0);
  await expect(opened).rejects.toThrow(/^ca_file .*ca.pem, want a file with a certificate as PEM/);
});

test('who says whom to trust is not connected in clear', async () => {
  for (const given of [{ ca_hash: PIN }, { ca_file: '/ca.pem' }]) {
    const [key = ''] = Object.keys(given);
    const opened = openTls(optionsWith(given), 'http://127.0.0.1:1', 'a', 0);
    await expect(opened).rejects.toThrow(
      `${key} says which authority is trusted, and http://127.0.0.1:1 is not TLS`,
    );
  }
});

test('a name is kept whole or not at all', () => {
  const options = optionsWith({});
  const id = agentIdOf(options);
  expect(readFileSync(join(options.data, 'agent-id'), 'utf8')).toBe(`${id}\n`);
  expect(readdirSync(options.data)).toEqual(['agent-id']);
  expect(agentIdOf(options)).toBe(id);

  const full = optionsWith({});
  // A folder in its place, as a disk without room: the file cannot be made.
  mkdirSync(join(full.data, 'agent-id.new'));
  expect(() => agentIdOf(full)).toThrow('EISDIR');
  expect(readdirSync(full.data)).toEqual(['agent-id.new']);
});
