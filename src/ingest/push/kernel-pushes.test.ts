import { afterEach, describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { type PushServer, startPushServer } from '../../../test/support/push-server.ts';
import { writeBody } from '../../../test/support/write-body.ts';
import { systemClock } from '../../util/index.ts';
import { IngestKernel } from '../kernel/index.ts';

const OPENMETRICS = { 'content-type': 'application/openmetrics-text; version=1.0.0' };
const START_MS = 1_700_000_000_000;
const LINES = 4000;

let server: PushServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** More than one part; the family of each line is another. */
function exposition(isOpenMetrics: boolean, value: number): string {
  let text = '';
  for (let line = 0; line < LINES; line++) {
    text += `# HELP m${line} Told of metric ${line}.\n# TYPE m${line} gauge\n`;
    text += `m${line}{device="sda"} ${value}${isOpenMetrics ? ' 1700000000' : ''}\n`;
  }
  return isOpenMetrics ? `${text}# EOF\n` : text;
}

describe('long expositions', () => {
  for (const isOpenMetrics of [false, true]) {
    const headers = isOpenMetrics ? OPENMETRICS : {};
    const name = isOpenMetrics ? 'OpenMetrics' : 'text';

    it(`${name}: all parts are one push`, async () => {
      const storage = new MemoryStorage();
      server = await startPushServer({ storage });
      const url = `/api/v1/push?job=j&timestamp=${START_MS}`;
      const first = await server.send('POST', url, exposition(isOpenMetrics, 1), headers);
      expect([first.status, first.body]).toEqual([204, '']);
      expect(first.headers['x-tidegauge-samples-stored']).toBe(String(LINES));
      expect([storage.commits, storage.sampleCount]).toEqual([1, LINES]);
      expect(storage.samplesOf('m3999{device="sda", job="j"}')).toEqual([`${START_MS}=1`]);
      expect(storage.metadata().get('m3999')?.help).toBe('Told of metric 3999.');
      // The same is known now; another value at the same time is a conflict, and is named.
      const again = await server.send('POST', url, exposition(isOpenMetrics, 1), headers);
      expect(again.status).toBe(204);
      const other = await server.send('POST', url, exposition(isOpenMetrics, 2), headers);
      expect(other.body).toMatch(/^4000 of 4000 samples were refused/);
      expect(other.body).toContain('m0{device="sda"}');
      storage.dropSeries();
      const anew = await server.send('POST', url, exposition(isOpenMetrics, 3), headers);
      expect([anew.status, storage.sampleCount]).toEqual([204, LINES]);
    });

    it(`${name}: series beyond the limit are left out, whatever part they are in`, async () => {
      const storage = new MemoryStorage({ maxSeries: LINES - 10 });
      server = await startPushServer({ storage });
      const url = '/api/v1/push?job=j';
      const answer = await server.send('POST', url, exposition(isOpenMetrics, 1), headers);
      expect(answer.body).toMatch(/^10 of 4000 samples were refused: 10 of new series/);
      expect(answer.body).toContain('m3990{device="sda"}');
      expect(storage.sampleCount).toBe(LINES - 10);
    });
  }

  it('a fault in the last line refuses all of it, by its place', async () => {
    const storage = new MemoryStorage();
    server = await startPushServer({ storage });
    const answer = await server.send('POST', '/api/v1/push', `${exposition(false, 1)}m 1 x\n`);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain(`line ${3 * LINES + 1}`);
    expect(storage.commits).toBe(0);
  });
});

describe('a kernel without room', () => {
  const smallKernel = (): IngestKernel =>
    new IngestKernel({ identityBytes: 1 << 20, clock: systemClock, maxBytes: 4 << 20 });

  it('answers 503 to what does not fit, and takes what does', async () => {
    const storage = new MemoryStorage();
    const kernel = smallKernel();
    server = await startPushServer({ storage, kernel });
    const long = { __name__: 'a', v: 'x'.repeat(8 << 20) };
    const refused = await server.send('POST', '/api/v1/write', writeBody([[long, [START_MS, 1]]]));
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('5');
    expect(refused.body).toContain('no memory for');
    const taken = await server.send(
      'POST',
      '/api/v1/write',
      writeBody([[{ __name__: 'a' }, [START_MS, 1]]]),
    );
    expect([taken.status, storage.sampleCount]).toEqual([204, 1]);
  });

  it('reads text without it', async () => {
    const storage = new MemoryStorage();
    const kernel = smallKernel();
    server = await startPushServer({ storage, kernel });
    const url = `/api/v1/push?timestamp=${START_MS}`;
    const body = `a 1\n# HELP b ${'x'.repeat(8 << 20)}\nb 2\n`;
    const answer = await server.send('POST', url, body);
    expect([answer.status, storage.sampleCount, kernel.identityCount]).toEqual([204, 2, 0]);
  });
});
