export { LabelBuilder } from './label-builder.ts';
export { isLabelName, isWellFormed } from './label-name.ts';
export type { RelabelYaml } from './options.ts';
export { checkRelabel, relabelSchemaFor, resolveRelabel } from './options.ts';
export type { NameValidation, RelabelAction, RelabelConfig } from './relabel-config.ts';
export { RELABEL_ACTIONS } from './relabel-config.ts';
export type { RelabelRules } from './relabel-rules.ts';
export { compileRelabel } from './relabel-rules.ts';
