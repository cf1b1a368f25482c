const DAY_MS = 86_400_000;

/** Calendar functions of a unix time in seconds (UTC), by their PromQL name. */
export const DATE_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map(
  Object.entries({
    minute: (date: Date) => date.getUTCMinutes(),
    hour: (date: Date) => date.getUTCHours(),
    day_of_week: (date: Date) => date.getUTCDay(),
    day_of_month: (date: Date) => date.getUTCDate(),
    day_of_year: dayOfYear,
    days_in_month: (date: Date) =>
      new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
    month: (date: Date) => date.getUTCMonth() + 1,
    year: (date: Date) => date.getUTCFullYear(),
  }).map(([name, read]) => [name, (seconds) => read(new Date(Math.trunc(seconds) * 1000))]),
);

function dayOfYear(date: Date): number {
  const newYear = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - newYear) / DAY_MS) + 1;
}
