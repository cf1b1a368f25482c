import { aligned } from './comparison.ts';

/** A figure, and the most or the least that it is to be. */
export interface Goal {
  readonly title: string;
  readonly unit: string;
  readonly value: number;
  readonly max?: number;
  readonly min?: number;
  /** Default: none of a whole number, one of others. */
  readonly digits?: number;
}

/** Goals with what came of them: said as they come, and as a table at the end. */
export class Goals {
  readonly #goals: Goal[] = [];

  /** How many were missed. What was not measured (NaN) is missed. */
  get missed(): number {
    return this.#goals.filter((goal) => !isMet(goal)).length;
  }

  add(goal: Goal): void {
    this.#goals.push(goal);
    console.log(
      `${goal.title}: ${text(goal)} ${goal.unit} (goal ${bound(goal)}, ${verdict(goal)})`,
    );
  }

  table(): string {
    const rows = this.#goals.map((goal) => {
      return [goal.title, goal.unit, text(goal), bound(goal), verdict(goal)];
    });
    const { length } = this.#goals;
    const count = `${length - this.missed} of ${length} goals met`;
    return `${aligned([['', '', 'measured', 'goal', ''], ...rows])}\n${count}`;
  }
}

function isMet({ value, max = Infinity, min = -Infinity }: Goal): boolean {
  return value <= max && value >= min;
}

function text({ value, digits }: Goal): string {
  return value.toFixed(digits ?? (Number.isInteger(value) ? 0 : 1));
}

function bound({ max, min }: Goal): string {
  return max === undefined ? `>= ${min}` : `<= ${max}`;
}

function verdict(goal: Goal): string {
  return isMet(goal) ? 'met' : 'MISSED';
}
