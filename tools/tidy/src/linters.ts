import { catalogue, linterNames } from '@kiln/lint';

const severities = { required: 'fails the build', warn: 'warns', off: 'is off' } as const;

/** The table of linters, for `docs/linters.md`. */
export function linterTable(): string {
  const rows = linterNames.map(
    (name) =>
      `| \`${name}\` | ${severities[catalogue[name].severity]} | ${catalogue[name].finds} |`,
  );
  return ['| Linter | Unless told otherwise it | Finds |', '|---|---|---|', ...rows].join('\n');
}
