import parse from 'spdx-expression-parse';
import activeNames from 'spdx-license-ids/index.json' with { type: 'json' };

const textCharactersMax = 4096;

/** Whether a text is a licence expression of SPDX 2.3 (annex D) over its list of licences and exceptions. */
export function isLicenseExpression(text: string): boolean {
  if (text === '' || text.length > textCharactersMax) return false;
  try {
    parse(text);
    return true;
  } catch {
    // The parser says where; whether is all that is asked.
    return false;
  }
}

const active: ReadonlySet<string> = new Set(activeNames);

/** Names on the list that are a licence and its exception in one: strict readers take them for the exception. */
const withException: Readonly<Record<string, string>> = {
  'GPL-2.0-with-GCC-exception': 'GPL-2.0-only WITH GCC-exception-2.0',
  'GPL-2.0-with-autoconf-exception': 'GPL-2.0-only WITH Autoconf-exception-2.0',
  'GPL-2.0-with-bison-exception': 'GPL-2.0-only WITH Bison-exception-2.2',
  'GPL-2.0-with-classpath-exception': 'GPL-2.0-only WITH Classpath-exception-2.0',
  'GPL-2.0-with-font-exception': 'GPL-2.0-only WITH Font-exception-2.0',
  'GPL-3.0-with-GCC-exception': 'GPL-3.0-only WITH GCC-exception-3.1',
  'GPL-3.0-with-autoconf-exception': 'GPL-3.0-only WITH Autoconf-exception-3.0',
  'eCos-2.0': 'GPL-2.0-or-later WITH eCos-exception-2.0',
};

/**
 * A licence expression of SPDX in which strict readers find every name on SPDX's list: a licence and its exception in one
 * become both, operators have the capitals that SPDX 2.3 asks for, and `unlisted` says what stands for a licence with a `+` of
 * which the list has no later version, such as `MIT+`.
 */
export function withListedNames(expression: string, unlisted: (part: string) => string): string {
  const operators = /(?<![\w.-])(?:and|or|with)(?![\w.-])/gi;
  return expression
    .replaceAll(operators, (word) => word.toUpperCase())
    .replaceAll(
      /([A-Za-z0-9.-]+)(\+?)(\s+WITH\s+[A-Za-z0-9.-]+)?/g,
      (part, name: string, plus: string, exception = '') => {
        const both = withException[name];
        if (both !== undefined && plus + exception === '') return both;
        return both !== undefined || (plus !== '' && !active.has(`${name}-or-later`))
          ? unlisted(part)
          : part;
      },
    );
}
