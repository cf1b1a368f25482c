import { expect, test } from 'vitest';
import { FakeClock } from '../util/index.ts';
import { Progress } from './progress.ts';

class Stream {
  readonly isTTY: boolean;
  text = '';

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

/** Updates every 100 ms for a while; what the stream got. */
async function shown(isTTY: boolean, durationMs: number): Promise<string> {
  const clock = new FakeClock(0);
  const stream = new Stream(isTTY);
  const progress = new Progress(clock, stream);
  for (let at = 0; at < durationMs; at += 100) {
    progress.update(() => `at ${at}`);
    await clock.advance(100);
  }
  progress.finish();
  return stream.text;
}

test('short work says nothing', async () => {
  expect(await shown(true, 1000)).toBe('');
  expect(await shown(false, 1000)).toBe('');
});

test('a terminal has one line that changes and goes', async () => {
  expect(await shown(true, 1600)).toBe('\r\u001b[Kat 1000\r\u001b[Kat 1300\r\u001b[K');
});

test('a file has a line now and then', async () => {
  expect(await shown(false, 12_000)).toBe('at 1000\nat 11000\n');
});
