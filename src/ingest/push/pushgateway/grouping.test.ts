import { expect, test } from 'vitest';
import { isEmptyJobPath, isGroupPath, parseGroupPath } from './grouping.ts';

function check(path: string, want: Record<string, string> | string): void {
  expect(isGroupPath(path)).toBe(true);
  if (typeof want === 'string') {
    expect(() => parseGroupPath(path)).toThrow(want);
  } else {
    expect(Object.fromEntries(parseGroupPath(path).pairs)).toEqual(want);
  }
}

test('the path names the labels of the group', () => {
  check('/metrics/job/j', { job: 'j' });
  check('/metrics/job/j/', { job: 'j' });
  check('/metrics/job/j/a/1/b/2', { job: 'j', a: '1', b: '2' });
  check('/metrics/job/j/a/', { job: 'j', a: '' });
  check('/metrics/job/j/a/1/a/2', { job: 'j', a: '2' });
  check('/metrics/job/j/job/other', { job: 'j' });
});

test('parts are percent-decoded after the path is split', () => {
  check('/metrics/job/a%20b%2Fc/path/%2Fvar%2Ftmp/q/%C3%BC%3F%26%3D%25', {
    job: 'a b/c',
    path: '/var/tmp',
    q: 'ü?&=%',
  });
  check('/metrics/job/a+b', { job: 'a+b' });
  check('/metrics/job/%FF', 'invalid percent-encoding');
  check('/metrics/job/j/a/%%%', 'invalid percent-encoding');
});

test('values may be base64: URL alphabet, padding optional, = alone for empty', () => {
  check('/metrics/job@base64/YS9i', { job: 'a/b' });
  check('/metrics/job/j/path@base64/L3Zhci90bXA', { job: 'j', path: '/var/tmp' });
  check('/metrics/job/j/path@base64/L3Zhci90bXA=', { job: 'j', path: '/var/tmp' });
  check('/metrics/job/j/path@base64/L3Zhci90bXA%3D', { job: 'j', path: '/var/tmp' });
  check('/metrics/job/j/x@base64/=', { job: 'j', x: '' });
  check('/metrics/job/j/x@base64/77-_', { job: 'j', x: '\uffff' });
  const illegal = 'illegal base64 data at input byte';
  check('/metrics/job/j/x@base64/@@@', `invalid base64 encoding for label x="@@@": ${illegal} 0`);
  check('/metrics/job/j/x@base64/ab+d', `${illegal} 2`);
  check('/metrics/job/j/x@base64/abcde', `${illegal} 4`);
  check('/metrics/job/j/x@base64/_w', 'is not UTF-8');
});

test('what is no key is refused and named', () => {
  check('/metrics/job/j/odd', 'odd number of components in label string "/odd"');
  check('/metrics/job/j/a/b/odd', 'odd number of components in label string "/a/b/odd"');
  check('/metrics/job/j/1bad/v', 'improper label name "1bad"');
  check('/metrics/job/j/__x/v', 'improper label name "__x"');
  check('/metrics/job/j//v', 'improper label name ""');
  check('/metrics/job@base64/=', 'job name is required');
});

test('the key of a group does not depend on the order of its labels', () => {
  const key = (path: string): string => parseGroupPath(path).key;
  expect(key('/metrics/job/j/a/1/b/2')).toBe(key('/metrics/job@base64/ag/b/2/a/1'));
  expect(key('/metrics/job/j/a/')).not.toBe(key('/metrics/job/j'));
});

test('paths of something else are not taken', () => {
  for (const path of ['/metrics', '/metrics/pushed', '/metrics/jobs/x', '/metrics/job']) {
    expect(isGroupPath(path)).toBe(false);
  }
  expect(isEmptyJobPath('/metrics/job/')).toBe(true);
  expect(isEmptyJobPath('/metrics/job/j')).toBe(false);
});
