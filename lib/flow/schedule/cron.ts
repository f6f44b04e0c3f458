/** Cron expressions, in the two dialects that Kubernetes and EventBridge read. What differs between them is data. */
import { type CalendarDay, daysWhere } from './calendar';
import { type Schedule, scheduleOf } from './schedule';

/** The values of one field of an expression. */
export interface CronField {
  readonly low: number;
  readonly high: number;
  /** Names of the values, from the lowest on, in capitals. */
  readonly names?: readonly string[];
  /** Other parts that the field may have, beside numbers, names, ranges and steps. */
  readonly terms?: readonly CronTerm[];
}

/** A part of a field that says a day by its place in the month. */
export interface CronTerm {
  /** The whole part, with its numbers or names as groups. */
  readonly pattern: RegExp;
  /** Whether it includes this day; the numbers are those of the groups, a weekday counted from 0, Sunday. */
  matches(day: CalendarDay, first: number, second: number): boolean;
  /** Whether it must be the only part of its field. */
  readonly alone?: boolean;
}

/** How an expression is read. */
export interface CronDialect {
  /** Characters of the longest expression that is read. */
  readonly mostCharacters: number;
  readonly minute: CronField;
  readonly hour: CronField;
  readonly dayOfMonth: CronField;
  readonly month: CronField;
  readonly dayOfWeek: CronField;
  /** The last field, where there is one. */
  readonly year?: CronField;
  /** The text for every value. */
  readonly every: RegExp;
  /**
   * Meaning of a day of the month with a day of the week: either suffices where both are restricted, or exactly one is
   * given and the other is `?`.
   */
  readonly bothDays: 'either-suffices' | 'one-is-open';
  /** Names of predefined expressions. */
  readonly macros: ReadonlyMap<string, string>;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const SATURDAY = 6;

const MINUTE: CronField = { low: 0, high: 59 };
const HOUR: CronField = { low: 0, high: 23 };
const DATE: CronField = { low: 1, high: 31 };
const MONTH: CronField = { low: 1, high: 12, names: MONTHS };

/**
 * Five fields, as Kubernetes reads them.
 *
 * Source: Kubernetes, CronJob, "Schedule syntax"; crontab(5); github.com/robfig/cron v3, `parser.go`, which is what the
 * controller reads them with: Sunday is 0 and never 7, and `?` is `*`.
 */
export const UNIX_CRON: CronDialect = {
  // The five fields with every value of each written out have fewer characters.
  mostCharacters: 1024,
  minute: MINUTE,
  hour: HOUR,
  dayOfMonth: DATE,
  month: MONTH,
  dayOfWeek: { low: 0, high: 6, names: WEEKDAYS },
  every: /^[*?]$/,
  bothDays: 'either-suffices',
  macros: new Map([
    ['@YEARLY', '0 0 1 1 *'],
    ['@ANNUALLY', '0 0 1 1 *'],
    ['@MONTHLY', '0 0 1 * *'],
    ['@WEEKLY', '0 0 * * 0'],
    ['@DAILY', '0 0 * * *'],
    ['@MIDNIGHT', '0 0 * * *'],
    ['@HOURLY', '0 * * * *'],
  ]),
};

const WEEKDAY = '([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)';

/**
 * Six fields, as Amazon EventBridge reads them within `cron(…)`.
 *
 * Source: Amazon EventBridge User Guide, "Cron expressions reference"; EventBridge Scheduler User Guide, "Schedule types",
 * for `6L`, the last Friday; EventBridge API Reference, `ScheduleExpression`, for its length. The nearest weekday stays
 * within its month.
 */
export const EVENTBRIDGE_CRON: CronDialect = {
  mostCharacters: 256,
  minute: MINUTE,
  hour: HOUR,
  dayOfMonth: {
    ...DATE,
    terms: [
      { pattern: /^L$/, matches: ({ date, lastDate }) => date === lastDate },
      { pattern: /^(\d+)W$/, matches: (day, wanted) => isNearestWorkday(day, wanted) },
    ],
  },
  month: MONTH,
  dayOfWeek: {
    low: 1,
    high: 7,
    names: WEEKDAYS,
    terms: [
      { pattern: /^L$/, matches: ({ weekday }) => weekday === SATURDAY },
      {
        pattern: new RegExp(`^${WEEKDAY}L$`),
        matches: ({ weekday, date, lastDate }, wanted) => weekday === wanted && date > lastDate - 7,
      },
      {
        pattern: new RegExp(`^${WEEKDAY}#([1-5])$`),
        matches: ({ weekday, date }, wanted, nth) => weekday === wanted && Math.ceil(date / 7) === nth,
        alone: true,
      },
    ],
  },
  year: { low: 1970, high: 2199 },
  every: /^\*$/,
  bothDays: 'one-is-open',
  macros: new Map(),
};

/** Of Monday to Friday, the day closest to a date, in the same month. */
function isNearestWorkday({ date, weekday, lastDate }: CalendarDay, wanted: number): boolean {
  if (weekday === 0 || weekday === SATURDAY || wanted > lastDate) return false;
  if (date === wanted) return true;
  const monday = weekday === 1;
  const friday = weekday === 5;
  // The Friday before a Saturday, the Monday after a Sunday, unless that is another month's.
  if (friday && date === wanted - 1) return true;
  if (monday && date === wanted + 1) return true;
  return (monday && wanted === 1 && date === 3) || (friday && wanted === lastDate && date === wanted - 2);
}

/** Computed schedules, by their text: many share one. */
const schedules = new WeakMap<CronDialect, Map<string, Schedule | undefined>>();

/** Computed minutes and days, by their fields: most schedules fire on every day. */
const minutesOfFields = new WeakMap<CronDialect, Map<string, readonly number[] | undefined>>();
const daysOfFields = new WeakMap<CronDialect, Map<string, Uint8Array | undefined>>();

/**
 * When an expression fires; undefined when the text does not decide it, or it never fires within the calendar: on
 * 30 February, or in years before 2024 or after 2051 only.
 */
export function cronSchedule(dialect: CronDialect, text: string): Schedule | undefined {
  if (text.length > dialect.mostCharacters) return undefined;
  return remembered(schedules, dialect, text, () => parse(dialect, text));
}

function parse(dialect: CronDialect, text: string): Schedule | undefined {
  const words = text.trim().toUpperCase();
  const fields = (dialect.macros.get(words) ?? words).split(/\s+/);
  if (fields.length !== (dialect.year ? 6 : 5)) return undefined;
  const [minuteField, hourField, ...dayFields] = fields;
  const time = `${minuteField} ${hourField}`;
  const minutes = remembered(minutesOfFields, dialect, time, () => minutesOf(dialect, minuteField, hourField));
  const days = remembered(daysOfFields, dialect, dayFields.join(' '), () => daysOf(dialect, dayFields));
  if (!minutes || !days?.includes(1)) return undefined;
  const [, , , year = '*'] = dayFields;
  return scheduleOf(minutes, days, dialect.every.test(year));
}

/** The minutes of a day at which an expression fires, ascending. */
function minutesOf(dialect: CronDialect, minuteField: string, hourField: string): number[] | undefined {
  const hours = valuesOf(dialect, dialect.hour, hourField);
  const minutes = valuesOf(dialect, dialect.minute, minuteField);
  return hours && minutes && hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
}

/** The days on which an expression fires. */
function daysOf(dialect: CronDialect, fields: readonly string[]): Uint8Array | undefined {
  const [dateField, monthField, weekdayField, yearField = '*'] = fields;
  const oneIsOpen = dialect.bothDays === 'one-is-open';
  if (oneIsOpen && (dateField === '?') === (weekdayField === '?')) return undefined;
  const any = (text: string) => (oneIsOpen && text === '?' ? '*' : text);
  const date = dayTest(dialect, dialect.dayOfMonth, any(dateField), (day) => day.date);
  const weekday = dayTest(dialect, dialect.dayOfWeek, any(weekdayField), (day) => day.weekday + dialect.dayOfWeek.low);
  const month = tableTest(dialect, dialect.month, monthField);
  const year = dialect.year ? tableTest(dialect, dialect.year, yearField) : () => true;
  if (!date || !weekday || !month || !year) return undefined;
  const either = !oneIsOpen && ![dateField, weekdayField].some((text) => isOpen(dialect, text));
  return daysWhere(month, year, (day) => (either ? date(day) || weekday(day) : date(day) && weekday(day)));
}

/** Whether a day's field restricts nothing: a part of it is every value. */
export function isOpen({ every }: CronDialect, text: string): boolean {
  return text.split(',').some((part) => every.test(part.replace(/\/0*1$/, '')));
}

function tableTest(dialect: CronDialect, field: CronField, text: string) {
  const values = valuesOf(dialect, field, text);
  if (!values) return undefined;
  const table = new Uint8Array(field.high + 1);
  for (const value of values) table[value] = 1;
  return (value: number) => table[value] === 1;
}

/** Whether a field includes a day; undefined when it cannot be read. */
function dayTest(dialect: CronDialect, field: CronField, text: string, numberIn: (day: CalendarDay) => number) {
  const plain: string[] = [];
  const places: ((day: CalendarDay) => boolean)[] = [];
  const parts = text.split(',');
  for (const part of parts) {
    if (parts.length > 1 && field.terms?.some(({ alone, pattern }) => alone && pattern.test(part))) return undefined;
    const place = placeTest(field, part);
    if (place) places.push(place);
    else plain.push(part);
  }
  const values = plain.length === 0 ? () => false : tableTest(dialect, field, plain.join(','));
  return values && ((day: CalendarDay) => values(numberIn(day)) || places.some((place) => place(day)));
}

function placeTest(field: CronField, part: string): ((day: CalendarDay) => boolean) | undefined {
  for (const { pattern, matches } of field.terms ?? []) {
    const match = pattern.exec(part);
    if (!match) continue;
    // Weekdays count from 0 on in a calendar, dates from 1.
    const first = match[1] === undefined ? 0 : numberOf(field, match[1]) - (field.names ? field.low : 0);
    if (!field.names && match[1] !== undefined && !(first >= field.low && first <= field.high)) continue;
    return (day) => matches(day, first, Number(match[2]));
  }
  return undefined;
}

/** The values that one field allows, ascending; undefined when it cannot be read or is out of range. */
export function valuesOf(dialect: CronDialect, field: CronField, text: string): number[] | undefined {
  const { low, high } = field;
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^([*?]|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, first, last, step] = match;
    const all = dialect.every.test(first);
    if (all && last !== undefined) return undefined;
    const from = all ? low : numberOf(field, first);
    // A step without an end continues to the last value.
    const to = all || (last === undefined && step !== undefined) ? high : numberOf(field, last ?? first);
    const every = Number(step ?? 1);
    if (!(from >= low && to <= high && from <= to && every >= 1)) return undefined;
    for (let value = from; value <= to; value += every) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

/** The number of a word in a field; NaN when it is not one. */
function numberOf({ names = [], low }: CronField, word: string): number {
  if (/^\d+$/.test(word)) return Number(word);
  return names.includes(word) ? names.indexOf(word) + low : Number.NaN;
}

function remembered<T>(
  tables: WeakMap<CronDialect, Map<string, T>>,
  dialect: CronDialect,
  key: string,
  make: () => T,
): T {
  const table = tables.get(dialect) ?? new Map<string, T>();
  tables.set(dialect, table);
  if (!table.has(key)) table.set(key, make());
  return table.get(key)!;
}
