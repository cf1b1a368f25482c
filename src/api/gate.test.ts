import { expect, it } from 'vitest';
import { Gate } from './gate.ts';

const never = new AbortController().signal;

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open');
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  return (await Promise.race([settled, Promise.resolve(open)])) !== open;
}

it('lets so many in, and the next when one leaves, in order', async () => {
  const gate = new Gate(2);
  const leaveFirst = await gate.enter(never);
  const leaveSecond = await gate.enter(never);
  const third = gate.enter(never);
  const fourth = gate.enter(never);
  expect(await isSettled(third)).toBe(false);
  leaveFirst();
  leaveFirst();
  const leaveThird = await third;
  expect(await isSettled(fourth)).toBe(false);
  leaveSecond();
  await fourth;
  leaveThird();
});

it('forgets those who give up', async () => {
  const gate = new Gate(1);
  const leave = await gate.enter(never);
  const abort = new AbortController();
  const waiting = gate.enter(abort.signal);
  abort.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  leave();
  const again = await gate.enter(never);
  again();
});
