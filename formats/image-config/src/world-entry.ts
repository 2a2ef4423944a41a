import { shorten } from '@kiln/base';

const entry = /^!?[^\s!@<>=~][^\s@<>=~]*(?:([<>=~]+)[^\s@<>=]+)?(?:@[a-zA-Z0-9]+)?$/;

/** Those of apk in the orders in which people write them. */
const operators = ['=', '==', '<', '<=', '>', '>=', '~', '=~', '~='];

/** What is wrong with an entry of a world, `[!]NAME[OPERATOR VERSION][@TAG]`; undefined when nothing is. */
export function worldEntryProblem(
  text: string,
): { readonly message: string; readonly hint: string } | undefined {
  const match = entry.exec(text);
  if (match === null)
    return {
      message: `"${shorten(text)}" names no package`,
      hint: 'write name, name=1.2-r0, name>=1.2, name~1.2, name@tag or !name, without spaces',
    };
  const [, operator] = match;
  if (operator === undefined || operators.includes(operator)) return undefined;
  return {
    message: `"${shorten(operator)}" in "${shorten(text)}" is no comparison of versions`,
    hint: 'write one of =, <, <=, >, >= and ~',
  };
}

/** The name in an entry of a world that is none to be kept out: `name`, `name=1`, `name@tag`. */
export function worldEntryName(text: string): string {
  return text.replace(/[=<>~@].*$/s, '');
}
