export type { CreditOptions } from './credit-controller.ts';
export { CreditController, SessionCredit } from './credit-controller.ts';
export { CreditTurns } from './credit-turns.ts';
