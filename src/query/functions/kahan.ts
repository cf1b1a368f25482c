/**
 * A sum that carries what rounding loses (Neumaier's variant of Kahan's summation): the true sum
 * is `sum + rest`. Reused: nothing is allocated per term.
 */
export class KahanSum {
  sum = 0;
  rest = 0;

  reset(sum = 0): void {
    this.sum = sum;
    this.rest = 0;
  }

  add(term: number): void {
    const sum = this.sum;
    const next = sum + term;
    if (next === Infinity || next === -Infinity) this.rest = 0;
    else if (Math.abs(sum) >= Math.abs(term)) this.rest += sum - next + term;
    else this.rest += term - next + sum;
    this.sum = next;
  }

  get total(): number {
    return this.sum + this.rest;
  }
}
