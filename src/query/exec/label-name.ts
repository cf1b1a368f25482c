const LONE_SURROGATE = /\p{Cs}/u;

/** Whether a text may be a label name (UTF-8 names allowed). */
export function isLabelName(name: string): boolean {
  return name !== '' && !LONE_SURROGATE.test(name);
}
