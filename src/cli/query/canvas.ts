/** Dots to a character: U+2800 and the following 255 have one bit for each. */
const DOTS_WIDE = 2;
const DOTS_HIGH = 4;
const BRAILLE = 0x2800;

/** The bit of each dot, by row and column (Unicode, Braille Patterns). */
const DOT_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** Braille dots on a grid of characters; of each character it is known who drew into it last. */
export class Canvas {
  /** In dots. */
  readonly width: number;
  readonly height: number;
  readonly #columns: number;
  readonly #bits: Uint8Array;
  /** 0 for nobody, else the drawer plus one. */
  readonly #owners: Uint8Array;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.width = columns * DOTS_WIDE;
    this.height = rows * DOTS_HIGH;
    this.#bits = new Uint8Array(columns * rows);
    this.#owners = new Uint8Array(columns * rows);
  }

  /** A line of dots between two points, both included. Row 0 is the top one. */
  line(from: readonly [number, number], to: readonly [number, number], owner: number): void {
    const [x, y] = from;
    const steps = Math.max(Math.abs(to[0] - x), Math.abs(to[1] - y), 1);
    for (let step = 0; step <= steps; step++) {
      const share = step / steps;
      this.#dot(Math.round(x + (to[0] - x) * share), Math.round(y + (to[1] - y) * share), owner);
    }
  }

  /** The characters of a row, each as `paint` makes it. */
  row(index: number, paint: (character: string, owner: number) => string): string {
    let text = '';
    for (let column = 0; column < this.#columns; column++) {
      const cell = index * this.#columns + column;
      const bits = this.#bits[cell] ?? 0;
      const owner = (this.#owners[cell] ?? 0) - 1;
      text += bits === 0 ? ' ' : paint(String.fromCharCode(BRAILLE + bits), owner);
    }
    return text;
  }

  #dot(x: number, y: number, owner: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const cell = Math.floor(y / DOTS_HIGH) * this.#columns + Math.floor(x / DOTS_WIDE);
    const bit = DOT_BITS[y % DOTS_HIGH]?.[x % DOTS_WIDE] ?? 0;
    this.#bits[cell] = (this.#bits[cell] ?? 0) | bit;
    this.#owners[cell] = owner + 1;
  }
}
