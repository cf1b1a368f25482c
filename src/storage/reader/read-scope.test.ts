import { expect, test } from 'vitest';
import { ReadScope } from './read-scope.ts';

test('closing frees what is held, once, and refuses what comes after', () => {
  const scope = new ReadScope();
  let freed = 0;
  const free = (): void => {
    freed++;
  };
  scope.onClose(free);
  scope.onClose(() => scope.close());
  scope.throwIfAborted();
  scope.close();
  scope.close();
  expect(freed).toBe(1);
  expect(() => scope.throwIfAborted()).toThrow('the querier was closed');
});

test('what was forgotten is not called', () => {
  const scope = new ReadScope();
  const fail = (): void => expect.unreachable();
  scope.onClose(fail);
  scope.forget(fail);
  scope.close();
});

test('an await ends with its promise or with the scope', async () => {
  const scope = new ReadScope();
  expect(await scope.unlessClosed(Promise.resolve(7))).toBe(7);
  await expect(scope.unlessClosed(Promise.reject(new Error('no')))).rejects.toThrow('no');
  const pending = scope.unlessClosed(new Promise(() => {}));
  scope.close();
  await expect(pending).rejects.toMatchObject({ code: 'storage_closed' });
  await expect(scope.unlessClosed(Promise.resolve(7))).rejects.toThrow('the querier was closed');
});
