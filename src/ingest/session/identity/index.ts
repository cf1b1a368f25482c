export { Authority } from './authority.ts';
export type { Caller, Enrolled, IssuedCertificate } from './credentials.ts';
export { Credentials } from './credentials.ts';
export { AuthorityError, IdentityError, TokenFileError } from './errors.ts';
export type { JoinTokenInfo, JoinTokenTerms, JoinTokens } from './join-tokens.ts';
export { hashOf as tokenHash, readTokenLines } from './token-lines.ts';
export type { Revocation, Revocations } from './revocations.ts';
