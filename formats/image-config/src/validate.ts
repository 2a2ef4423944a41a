import { shorten } from '@kiln/base';
import { problem } from './config-problem.ts';
import type { ConfigProblem } from './config-problem.ts';
import { stricterProblems } from './stricter.ts';
import type { ConfigDialect, ImageConfig, NamedText } from './types.ts';

const fileName = /^[a-zA-Z0-9_-]+[a-zA-Z0-9_.-]*$/;

/** What is wrong with a configuration beyond its shape, in the order in which apko checks. */
export function problems(config: ImageConfig, dialect: ConfigDialect): ConfigProblem[] {
  return [
    ...accountProblems(config),
    ...formatProblems(config),
    ...(dialect === 'kiln' ? layeringProblems(config) : []),
    ...certificateProblems(config),
    ...keyringProblems(config.contents.runtimeKeyring),
    ...baseImageProblems(config),
    ...(dialect === 'kiln' ? stricterProblems(config) : []),
  ];
}

/** What apko notices only when it builds: layers that cannot be cut so. */
export function buildProblems(config: ImageConfig): ConfigProblem[] {
  const { layering, contents } = config;
  const isCut = layering !== undefined && (layering.strategy !== '' || layering.budget !== 0);
  return [
    ...layeringProblems(config),
    ...(isCut && contents.baseImage !== undefined
      ? [problem(['layering'], 'layering with "baseimage" is unsupported', 'leave one of them out')]
      : []),
  ];
}

function accountProblems(config: ImageConfig): ConfigProblem[] {
  const users = config.accounts.users.flatMap((user, i) => {
    const path = ['accounts', 'users', i];
    if (user.userName === '') return [problem(path, 'configured user has no configured user name')];
    if (user.uid === 0) {
      return [
        problem(
          path,
          `configured user ${shorten(user.userName)} has UID 0`,
          'to run as root, use `run-as: 0`',
        ),
      ];
    }
    return [];
  });
  const groups = config.accounts.groups.flatMap((group, i) =>
    group.groupName === ''
      ? [problem(['accounts', 'groups', i], 'configured group has no configured group name')]
      : [],
  );
  return [...users, ...groups];
}

/** apko has EROFS layers, too; its released versions have no such key. */
function formatProblems({ format }: ImageConfig): ConfigProblem[] {
  return ['', 'tar'].includes(format)
    ? []
    : [problem(['format'], `layer format "${shorten(format)}" is not supported`, 'write tar')];
}

function layeringProblems({ layering }: ImageConfig): ConfigProblem[] {
  if (layering === undefined) return [];
  const { strategy, budget } = layering;
  if (!['', 'origin'].includes(strategy)) {
    return [
      problem(
        ['layering'],
        `unrecognized layering strategy "${shorten(strategy)}"`,
        'write origin',
      ),
    ];
  }
  if (budget < 0)
    return [problem(['layering'], `layering budget ${budget} is negative`, 'write 0 or more')];
  if (strategy === '' && budget !== 0) {
    return [
      problem(['layering'], 'a layering budget without a strategy', 'add `strategy: origin`'),
    ];
  }
  return [];
}

function certificateProblems(config: ImageConfig): ConfigProblem[] {
  return (config.certificates?.additional ?? []).flatMap(({ name }, i) => {
    const path = ['certificates', 'additional', i];
    if (name === '') return [problem(path, 'configured additional certificate has no name')];
    return fileName.test(name)
      ? []
      : [invalidName(path, `additional certificate "${shorten(name)}"`)];
  });
}

function keyringProblems(keyring: readonly NamedText[]): ConfigProblem[] {
  return keyring.flatMap(({ name, content }, i) => {
    const path = ['contents', 'runtime_keyring', i];
    const entry = `runtime_keyring entry "${shorten(name)}"`;
    if (name === '') return [problem(path, 'configured runtime_keyring entry has no name')];
    if (content === '') return [problem(path, `${entry} has no content`)];
    if (!fileName.test(name)) return [invalidName(path, entry)];
    if (keyring.findIndex((other) => other.name === name) < i)
      return [problem(path, `${entry} is a duplicate`)];
    return [];
  });
}

function invalidName(path: readonly (string | number)[], what: string): ConfigProblem {
  return problem(path, `${what} has an invalid name`, `a name must match ${fileName.source}`);
}

function baseImageProblems(config: ImageConfig): ConfigProblem[] {
  if (config.contents.baseImage === undefined) return [];
  const { entrypoint, accounts } = config;
  const isPlain =
    [entrypoint.type, entrypoint.command, entrypoint.shellFragment, config.cmd].every(
      (text) => text === '',
    ) &&
    [config.stopSignal, config.workDir, accounts.runAs].every((text) => text === '') &&
    entrypoint.services === undefined &&
    [config.environment, config.annotations].every((map) => Object.keys(map).length === 0) &&
    [accounts.users, accounts.groups, config.paths].every((list) => list.length === 0);
  return isPlain
    ? []
    : [
        problem(
          ['contents', 'baseimage'],
          'with a base image only contents, archs and include may be given',
        ),
      ];
}
