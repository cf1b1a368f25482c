import { TidegaugeError } from '../../../model/index.ts';

/** A token file that cannot be used. */
export class TokenFileError extends TidegaugeError {
  readonly code = 'token_file';
}

/** The authority's files cannot be used. */
export class AuthorityError extends TidegaugeError {
  readonly code = 'authority';
}

/** What was asked of join tokens or agents is wrong or not there. */
export class IdentityError extends TidegaugeError {
  readonly code = 'identity';
  readonly failure: 'invalid' | 'unknown';

  constructor(failure: 'invalid' | 'unknown', message: string) {
    super(message);
    this.failure = failure;
  }
}
