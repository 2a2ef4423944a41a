import type { WhyStep } from './why.ts';

const namesMax = 5;

/** The way as lines, each step below the one that leads to it. */
export function whyLines(why: readonly WhyStep[]): readonly string[] {
  return why.map((step, depth) =>
    depth === 0
      ? firstLine(step)
      : `${'   '.repeat(depth - 1)}└─ ${whyStepText(step)} ${step.version}`,
  );
}

/** What the package before a step has to do with it, and the step's package. */
export function whyStepText({ kind, meets, package: name }: WhyStep): string {
  return kind === 'added' ? `meets install_if ${meets}: ${name}` : `needs ${meets}: ${name}`;
}

function firstLine({ kind, package: name, version, meets, neededBy }: WhyStep): string {
  const what = `${name} ${version}`;
  const others = listText(neededBy);
  switch (kind) {
    case 'asked': {
      const entry = meets === name ? '' : ` as ${meets}`;
      const too =
        others === '' ? '' : `; ${others} lead${neededBy.length > 1 ? '' : 's'} to it too`;
      return `${what} was asked for${entry}${too}`;
    }
    case 'cycle':
      return `${what} and ${others} need each other, and nothing else in the image needs them`;
    case 'unrecorded':
      return `${what} is needed by nothing else in the image, which does not record what was asked for`;
    case 'unneeded':
    case 'needed':
    case 'added':
      return `${what} was not asked for, and nothing else in the image needs it`;
  }
}

function listText(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  const shown = names.length > namesMax ? names.slice(0, namesMax - 1) : names.slice(0, -1);
  const rest = names.length - shown.length;
  return `${shown.join(', ')} and ${rest === 1 ? names.at(-1) : `${rest} others`}`;
}
