export { createApp } from './app.ts';
export type {
  ApiDependencies,
  BuildInfo,
  RawHandler,
  ServerControl,
} from './dependencies.ts';
export type { ApiOptions } from './options.ts';
export { apiOptionsSchema } from './options.ts';
export type { HttpServer } from './server.ts';
export { ListenError, startHttpServer } from './server.ts';
