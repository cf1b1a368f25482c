import { expect, test } from 'vitest';
import { isLoopback, parseListenAddress } from './listen-address.ts';
import { receiversOptionsSchema } from './receivers-options.ts';

const faultOf = (given: Record<string, unknown>): string | undefined =>
  receiversOptionsSchema
    .safeParse(given)
    .error?.issues.map(({ message }) => message)
    .join('; ');

test('nothing listens unless asked for, and then on loopback alone unless that is allowed', () => {
  expect(receiversOptionsSchema.parse({}).listen).toBeUndefined();
  for (const listen of ['127.0.0.1:9091', '127.8.9.10:1', '[::1]:9091', 'localhost:0']) {
    expect(receiversOptionsSchema.parse({ listen }).listen).toBe(listen);
  }
  for (const listen of ['0.0.0.0:9091', '10.0.0.7:9091', '[::]:9091', '[::ffff:10.0.0.7]:9091']) {
    expect(faultOf({ listen })).toMatch(/can be reached from other hosts.*allow_remote: true/);
    expect(receiversOptionsSchema.parse({ listen, allow_remote: true }).listen).toBe(listen);
  }
  for (const listen of [':9091', '9091', 'host:9091', '127.0.0.1', '127.0.0.1:70000', '::1:9091']) {
    expect(faultOf({ listen })).toBe(
      `${JSON.stringify(listen)}, want ADDRESS:PORT such as 127.0.0.1:9091 or [::1]:9091`,
    );
  }
});

test('addresses are read with and without brackets', () => {
  expect(parseListenAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(parseListenAddress('127.0.0.1:0')).toEqual({ host: '127.0.0.1', port: 0 });
  expect(isLoopback('::ffff:127.0.0.1')).toBe(true);
  expect(isLoopback('fe80::1')).toBe(false);
});
