/** Licences that all hold, as one SPDX expression: joined with `AND`, of several one that is a choice in parentheses. */
export function joinedLicenses(licenses: readonly string[]): string {
  if (licenses.length < 2) return licenses[0] ?? '';
  return licenses.map((license) => (isChoice(license) ? `(${license})` : license)).join(' AND ');
}

function isChoice(expression: string): boolean {
  let depth = 0;
  for (const [token] of expression.matchAll(/[()]|[^\s()]+/g)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (token.toUpperCase() === 'OR' && depth === 0) return true;
  }
  return false;
}
