export type { IdentityCacheOptions } from './identity-cache.ts';
export { DROPPED_REF, IdentityCache, UNKNOWN_ENTRY } from './identity-cache.ts';
