export type { CancelTimer, Clock } from './clock.ts';
export { delay, systemClock } from './clock.ts';
export { FakeClock } from './fake-clock.ts';
export { compareUtf8 } from './utf8.ts';
