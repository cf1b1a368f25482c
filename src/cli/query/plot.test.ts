import { describe, expect, it } from 'vitest';
import type { AnsweredSeries } from './ask-server.ts';
import { clockText, roundBounds, shortNumber } from './axis.ts';
import { Canvas } from './canvas.ts';
import { type PlotOptions, plotLines } from './plot.ts';
import { histogramText, seriesText } from './series-text.ts';

const OPTIONS: PlotOptions = {
  width: 40,
  height: 5,
  startMs: 0,
  endMs: 60_000,
  stepMs: 10_000,
  useColour: false,
};

function series(name: string, values: readonly (number | string)[]): AnsweredSeries {
  return {
    metric: { __name__: name },
    values: values.map((value, index) => [10 * index, String(value)] as const),
  };
}

describe('plotLines', () => {
  it('draws two lines with their letters', () => {
    const lines = plotLines([series('x', [0, 1, 2, 3, 4, 5, 6]), series('y', [6, 6, 6])], OPTIONS);
    expect(lines.slice(0, 7)).toEqual([
      '       6 ┤bbbbbbbbbbb             aaaaaa',
      '         │                  aaaaaa',
      '       3 ┤             aaaaa',
      '         │      aaaaaaa',
      '       0 ┤aaaaaa',
      '         └──────────────────────────────',
      '          00:00:00          00:01:00 UTC',
    ]);
    expect(lines.slice(8)).toEqual(['  a x  6', '  b y  6']);
  });

  it('leaves gaps where there are no points or no numbers', () => {
    const [top] = plotLines([series('x', [1, 'NaN', '+Inf', 1])], { ...OPTIONS, height: 1 });
    expect(top?.replace(/^[^┤]*┤/, '').trim()).toMatch(/^a {8,}a$/);
  });

  it('uses Braille and colours on a terminal', () => {
    const lines = plotLines([series('x', [0, 1])], { ...OPTIONS, useColour: true });
    const escape = String.fromCharCode(27);
    const [, drawn = ''] = lines.join('').split(`${escape}[36m`);
    expect(drawn).toMatch(/^[\u2801-\u28ff]/);
    expect(drawn.slice(1, 5)).toBe(`${escape}[0m`);
  });

  it('says what it leaves out', () => {
    const many = Array.from({ length: 12 }, (_, index) => series(`s${index}`, [index]));
    const histogram: AnsweredSeries = { metric: {}, histograms: [[0, { count: '1', sum: '1' }]] };
    const lines = plotLines([...many, histogram], OPTIONS);
    expect(lines.slice(-2)).toEqual([
      '  … and 2 more series: topk(10, …) chooses',
      '  1 series have no number that can be drawn',
    ]);
    expect(plotLines([histogram], OPTIONS)[0]).toMatch(/^nothing to draw/);
    expect(plotLines([], OPTIONS)).toEqual(['nothing found']);
  });
});

describe('Canvas', () => {
  it('sets the dots of a line and knows the drawer', () => {
    const canvas = new Canvas(2, 1);
    canvas.line([0, 3], [3, 0], 4);
    const seen: number[] = [];
    const text = canvas.row(0, (character, owner) => {
      seen.push(owner);
      return character;
    });
    expect(text).toBe('⡠⠊');
    expect(seen).toEqual([4, 4]);
    canvas.line([-5, -5], [-1, -1], 0);
    expect(canvas.row(0, (character) => character)).toBe('⡠⠊');
  });
});

describe('axis', () => {
  const number = (value: number, want: string) =>
    it(`${value}`, () => expect(shortNumber(value)).toBe(want));
  number(0, '0');
  number(0.004, '0.004');
  number(999.96, '1000');
  number(1234.5, '1.234k');
  number(-2.5e9, '-2.5G');
  number(3e-9, '3e-9');
  number(1e18, '1000000000000000000');

  it('has round bounds', () => {
    expect(roundBounds({ min: 3, max: 97 })).toEqual({ min: 0, max: 100 });
    expect(roundBounds({ min: -3, max: 5 })).toEqual({ min: -4, max: 6 });
    expect(roundBounds({ min: 1000, max: 1003 })).toEqual({ min: 1000, max: 1003 });
    expect(roundBounds({ min: 0, max: 0 })).toEqual({ min: -1, max: 1 });
    expect(roundBounds({ min: 8, max: 8 })).toEqual({ min: 0, max: 8 });
    expect(roundBounds({ min: -8, max: -8 })).toEqual({ min: -8, max: 0 });
  });

  it('writes times as the span needs them', () => {
    const time = Date.UTC(2025, 5, 1, 12, 30, 15);
    expect(clockText(time, 60_000)).toBe('12:30:15');
    expect(clockText(time, 3_600_000)).toBe('12:30');
    expect(clockText(time, 172_800_000)).toBe('06-01 12:30');
  });
});

describe('series as text', () => {
  it('quotes what needs quotes', () => {
    expect(seriesText({ __name__: 'up', 'a.b': 'c"d' })).toBe('up{"a.b"="c\\"d"}');
    expect(seriesText({})).toBe('{}');
  });

  it('writes histograms with the rules of their bounds', () => {
    const buckets = [
      [3, '-1', '1', '2'],
      [0, '1', '2', '5'],
      [1, '-2', '-1', '1'],
    ] as const;
    expect(histogramText({ count: '8', sum: '3', buckets })).toBe(
      'count 8, sum 3: [-1, 1] 2, (1, 2] 5, [-2, -1) 1',
    );
  });
});
