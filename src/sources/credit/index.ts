export type { CreditOptions } from './credit-controller.ts';
export { CreditController, DEFAULT_CREDIT_OPTIONS, SessionCredit } from './credit-controller.ts';
