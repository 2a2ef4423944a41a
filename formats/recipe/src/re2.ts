import { KilnError, messageOf, shorten, type Position } from '@kiln/base';
import { RE2JS } from 're2js';
import type { Growth } from './growth.ts';

/** Characters of an expression; RE2 is linear in the text, and this bounds the rest. */
const patternCharactersMax = 4096;
/** Characters of a result: a template may repeat a group for every match. */
const resultCharactersMax = 1024 * 1024;

/**
 * Replaces every match of a regular expression of Go (RE2: no look-around, no back-references, leftmost first) by a
 * replacement template of Go, as `regexp.ReplaceAllString` does (packages.md 3.6). Throws `RECIPE_REGEX_INVALID` and
 * `RECIPE_TOO_LARGE`.
 */
export function replaceAllRe2(
  text: string,
  { match, replace }: { readonly match: string; readonly replace: string },
  { position, growth }: { readonly position: Position; readonly growth: Growth },
): string {
  const expression = compile(match, position);
  const groups = Object.entries(expression.namedGroups());
  const matcher = expression.matcher(text);
  /** Of a group by its number or name. */
  const partOf = (name: string): string => {
    if (/^(?:0|[1-9]\d*)$/.test(name))
      return Number(name) > matcher.groupCount() ? '' : (matcher.group(Number(name)) ?? '');
    const named = groups.filter(([group]) => group === name || writtenName(group) === name);
    return named.map(([, index]) => matcher.group(index)).find((part) => part !== null) ?? '';
  };
  let result = '';
  let copied = 0;
  let searchEnd = 0;
  const tooLong = (): KilnError =>
    new KilnError('RECIPE_REGEX_INVALID', `the result of "${shorten(match)}" is too long`, {
      position,
    });
  for (let at = 0; at <= text.length;) {
    growth.matching(text.length - at, match.length, position);
    if (!matcher.find(at)) break;
    const [start, end] = [matcher.start(), matcher.end()];
    result += text.slice(copied, start);
    // An empty match right behind another one is none, as in Go.
    if (end > searchEnd || start === 0) {
      let characters = 0;
      result += expandTemplate(replace, (name) => {
        const value = partOf(name);
        characters += value.length;
        if (characters > resultCharactersMax) throw tooLong();
        return value;
      });
    }
    if (result.length > resultCharactersMax) throw tooLong();
    copied = end;
    searchEnd = end;
    at = end > start ? end : end + characterLength(text, end);
    if (end === start) {
      result += text.slice(copied, at);
      copied = Math.min(at, text.length);
    }
  }
  return result + text.slice(copied);
}

function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function compile(pattern: string, position: Position): RE2JS {
  try {
    if (pattern.length > patternCharactersMax) throw new Error('too long');
    return RE2JS.compile(withDistinctNames(pattern));
  } catch (error) {
    throw new KilnError(
      'RECIPE_REGEX_INVALID',
      `not a regular expression: "${shorten(pattern)}": ${shorten(messageOf(error), 120)}`,
      { position, hint: 'RE2 has neither look-around nor back-references' },
    );
  }
}

const namedGroup = /\\[^]|(\(\?P?<)(\w+)>/g;

/** In Go groups may share a name, of which the first that matches counts: where some do, a number tells them apart here. */
function withDistinctNames(pattern: string): string {
  const names = [...pattern.matchAll(namedGroup)].flatMap(([, , name]) => name ?? []);
  if (new Set(names).size === names.length) return pattern;
  let count = 0;
  return pattern.replace(namedGroup, (whole, open: string | undefined, name: string | undefined) =>
    open === undefined ? whole : `${open}g${count++}_of_${name}>`,
  );
}

function writtenName(group: string): string {
  return group.replace(/^g\d+_of_/, '');
}

/**
 * Expands a replacement template: `$1`, `${1}`, `$name`, `${name}`, `$$`. An unbraced name is the longest run of letters,
 * digits and `_`; an unknown group is empty; a `$` that begins none of these stays.
 */
function expandTemplate(template: string, group: (name: string) => string): string {
  return template.replace(
    /\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu,
    (_whole, dollar: string | undefined, braced: string | undefined, bare: string | undefined) =>
      dollar ?? group(braced ?? bare ?? ''),
  );
}
