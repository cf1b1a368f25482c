export { isUtf8, latin1Text, utf8Text } from './bytes/byte-text.ts';
export type { CancelTimer, Clock } from './clock.ts';
export { delay, systemClock } from './clock.ts';
export { ByteHasher } from './bytes/byte-hasher.ts';
export { DecimalParser } from './bytes/decimal-parser.ts';
export { FakeClock } from './fake-clock.ts';
export { compareUtf8 } from './utf8.ts';
export { packageRoot } from './package-root.ts';
export { workerEntry } from './worker-entry.ts';
