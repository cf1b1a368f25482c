import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageRoot } from '../util/index.ts';
import { generatedPages } from './generated-pages.ts';

for (const { path, text } of generatedPages()) {
  it(`${path} is what \`npm run docs\` writes`, () => {
    expect(readFileSync(new URL(path, packageRoot()), 'utf8')).toBe(text);
  });
}
