import type { Flag, Subcommand } from '@kiln/cli';

/** The subcommands of a drop-in program, for its page. */
export function subcommandTable(subcommands: readonly Subcommand[]): string {
  return [
    '| Subcommand | What it does |',
    '|---|---|',
    ...subcommands.map((one) => `| \`${one.name}\` | ${standing(one)} |`),
  ].join('\n');
}

function standing({ summary, run, unsupported }: Subcommand): string {
  if (run !== undefined) return summary;
  return unsupported === undefined ? `${summary}: not there yet` : `Not supported: ${unsupported}`;
}

/** The flags that are accepted without effect or refused, for the program's page. */
export function flagTable(subcommands: readonly Subcommand[]): string {
  const reasons = new Map<string, string[]>();
  for (const { name, flags, unsupported } of subcommands) {
    if (unsupported !== undefined) continue;
    for (const [flagName, flag] of Object.entries(flags)) {
      const what = exception(flag);
      if (what === undefined) continue;
      const key = `| \`--${flagName}\` | ${what} |`;
      reasons.set(key, [...(reasons.get(key) ?? []), `\`${name}\``]);
    }
  }
  const rows = [...reasons].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    '| Flag | What | Of |',
    '|---|---|---|',
    ...rows.map(([row, names]) => `${row} ${names.join(', ')} |`),
  ].join('\n');
}

function exception(flag: Flag): string | undefined {
  if (flag.refused !== undefined) return `Refused: ${flag.refused}`;
  if (flag.unused !== undefined) return `No effect: ${flag.unused}`;
  return flag.type === 'string' ? flag.exception : undefined;
}
