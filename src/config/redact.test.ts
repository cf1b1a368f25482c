import { expect, test } from 'vitest';
import { redactYaml } from './redact.ts';

const check = (text: string, want: string): void => expect(redactYaml(text)).toBe(want);

test('secrets are not shown, whatever form they have; the rest is', () => {
  check(
    'basic_auth: {username: u, password: hunter2}\nbearer_token: !!str "abc"\n',
    'basic_auth: { username: u, password: <secret> }\nbearer_token: <secret>\n',
  );
  check('password: |\n  two\n  lines\nx: 1.10\n', 'password: <secret>\nx: 1.10\n');
  check(
    'http_headers: {A: {secrets: [a, b]}, B: {values: [c]}}\n',
    'http_headers: { A: { secrets: [ <secret>, <secret> ] }, B: { values: [ c ] } }\n',
  );
  check('password:\nx: 1\n', 'password: <secret>\nx: 1\n');
});

test('a secret is not shown under another name that refers to it, nor is that an error', () => {
  check(
    'a: {password: &p hunter2}\nb: {password: *p, x: *p}\n',
    'a: { password: &p <secret> }\nb: { password: <secret>, x: *p }\n',
  );
  check(
    'a: {secrets: [&p hunter2, *p]}\nb: *p\nc: &all {password: x}\nd: {<<: *all}\n',
    'a: { secrets: [ &p <secret>, <secret> ] }\nb: *p\nc: &all { password: <secret> }\nd: { <<: *all }\n',
  );
});

test('comments are not shown: they may hold what was a setting once', () => {
  check(
    '# password: a\n\nx: 1 # was b\n# password: c\ny:\n  # password: d\n  - 2\n  # e\n# password: f\n',
    'x: 1\ny:\n  - 2\n',
  );
  check('# password: a\n', '');
});
