export { createApp } from './app.ts';
export type { AgentAnswer, CompletenessAnswer } from './contract/agents.ts';
export type {
  ApiDependencies,
  BuildInfo,
  RawHandler,
  ServerControl,
} from './dependencies.ts';
export { Operators } from './operators.ts';
export type { ApiOptions } from './options.ts';
export { apiOptionsSchema } from './options.ts';
export type { HttpServer } from './server.ts';
export { startHttpServer } from './server.ts';
export { ListenError } from './listen.ts';
export type { TlsOptions } from './tls/options.ts';
export { tlsOptionsSchema } from './tls/options.ts';
export { TlsMaterialError, TlsMaterialSource } from './tls/tls-material.ts';
