export { prettyPrint } from './pretty.ts';
export { printExpr } from './print.ts';
export { quoteString } from './quote.ts';
