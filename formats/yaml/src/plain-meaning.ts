/** Whether yaml.v3 quotes a text because its plain form would be read as null, a boolean (YAML 1.1's included), a number or a time. */
export function meansSomethingElse(text: string): boolean {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return true;
  if (/^(?:true|false|y|n|yes|no|on|off)$/i.test(text)) return isUsualCase(text);
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text)) return true;
  if (text.startsWith('.')) return isDecimal(text.replace(/(?<=[0-9])_(?=[0-9])/g, ''));
  if (!/^[-+0-9]/.test(text)) return false;
  const bare = text.replaceAll('_', '');
  return isInteger(bare) || isDecimal(bare) || isSexagesimal(text) || isTime(text);
}

/** `yes`, `Yes` and `YES` are words of YAML; `yEs` is not. */
function isUsualCase(text: string): boolean {
  return text === text.toLowerCase() || text === text.toUpperCase() || /^[A-Z][a-z]*$/.test(text);
}

/** A number that a float of 64 bits holds. */
function isDecimal(text: string): boolean {
  const form = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
  return form.test(text) && Number.isFinite(Number(text));
}

/** A number with a prefix that 64 bits hold; yaml.v3 takes a second sign behind the lower-case ones of two and eight. */
function isInteger(text: string): boolean {
  const match =
    /^([-+]?)(0(?:[xX][0-9a-fA-F]+|[oO]?[0-7]+|[bB][01]+))$/.exec(text) ??
    /^()(0(?:b[-+][01]+|o[-+][0-7]+))$/.exec(text);
  if (match === null) return false;
  const [, outer = '', number = ''] = match;
  const sign = outer || (/[-+]/.exec(number)?.[0] ?? '');
  const size = BigInt(
    number
      .replace(/[-+]/, '')
      .replace(/^0(?=[0-7])/, '0o')
      .toLowerCase(),
  );
  return size < 2n ** (sign === '' ? 64n : 63n) || (sign === '-' && size === 2n ** 63n);
}

/** A number to the base of 60, as YAML 1.1 has them. */
function isSexagesimal(text: string): boolean {
  return /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text);
}

/** A day of the calendar, or a second of one: with a `T` and a zone, or a blank and none. */
function isTime(text: string): boolean {
  const match =
    /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]| +(?!.*[Z+-]))(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?<zone>Z|[-+](\d\d):(\d\d))?)?$/.exec(
      text,
    );
  if (match === null) return false;
  if (/[Tt]/.test(text) && match.groups?.['zone'] === undefined) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, , hours = 0, minutes = 0] =
    match.slice(1).map((part: string | undefined) => Number(part ?? 0));
  const isClock = hour < 24 && minute < 60 && second < 60 && hours <= 24 && minutes <= 60;
  return isClock && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
}

function daysOf(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}
