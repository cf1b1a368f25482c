export * from './exposition/index.ts';
export * from './exposition-proto/index.ts';
export * from './remote-read/index.ts';
export * from './remote-write/index.ts';
export * from './snappy/index.ts';
export * from './tide/index.ts';
