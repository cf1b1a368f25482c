export { tokenize } from './lexer.ts';
export { numberValue } from './number-literal.ts';
export { strayByte, unquote } from './string-literal.ts';
export { describeToken, type Token, type TokenKind } from './token.ts';
