import { expect, it } from 'vitest';
import { ParsedTexts } from './parsed-texts.ts';

function counted(): { texts: ParsedTexts<{ text: string }>; parsed: string[] } {
  const parsed: string[] = [];
  const texts = new ParsedTexts((text) => {
    if (text === '') throw new Error('nothing');
    parsed.push(text);
    return { text };
  });
  return { texts, parsed };
}

it('parses a text once', () => {
  const { texts, parsed } = counted();
  expect(texts.of('up')).toBe(texts.of('up'));
  expect(texts.of('down')).toEqual({ text: 'down' });
  expect(parsed).toEqual(['up', 'down']);
});

it('keeps those that were asked for last, and no long ones', () => {
  const { texts, parsed } = counted();
  for (let index = 0; index < 300; index++) {
    texts.of(`q${index}`);
    texts.of('q0');
  }
  parsed.length = 0;
  texts.of('q0');
  texts.of('q299');
  expect(parsed).toEqual([]);
  texts.of('q1');
  const long = 'x'.repeat(5000);
  texts.of(long);
  texts.of(long);
  expect(parsed).toEqual(['q1', long, long]);
});

it('does not keep what failed', () => {
  const { texts } = counted();
  expect(() => texts.of('')).toThrow('nothing');
  expect(() => texts.of('')).toThrow('nothing');
});
