import { expect, test } from 'vitest';
import { compileRe2 } from '../../model/index.ts';
import { expandTemplate } from './expand-template.ts';

test('references stand for groups', () => {
  const check = (template: string, want: string): void => {
    const matcher = compileRe2('(\\w+)-(?P<rest>.*)-(z)?').matcher('ab-c d-');
    expect(matcher.find()).toBe(true);
    expect(expandTemplate(template, matcher)).toBe(want);
  };
  check('$1', 'ab');
  check('${1}x', 'abx');
  check('$1x', '');
  check('[$rest|${rest}]', '[c d|c d]');
  check('$3$9$none', '');
  check('$$1 $ $-', '$1 $ $-');
  check('$0', 'ab-c d-');
});
