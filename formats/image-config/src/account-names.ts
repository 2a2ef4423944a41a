import { shorten } from '@kiln/base';
import { problem } from './config-problem.ts';
import type { ConfigProblem } from './config-problem.ts';
import { deepPathHint, isTooDeep } from './deep-path.ts';
import type { Accounts } from './types.ts';

/** As useradd(8) and groupadd(8) take them, at the length that Linux allows. */
const name = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}\$?$/;
const nameHint = 'a name has letters, digits, "_", "." and "-"';

/** A field of passwd(5) that is a path: no colon, nothing that ends the line, no blank that readers take away. */
const pathField = /^\/(?:[^:\p{Cc}\p{Zl}\p{Zp}]*[^:\s\p{Cc}])?$/u;
const pathHint = 'write an absolute path without colons and control characters';

/**
 * What would become another field or another line of `etc/passwd`, `etc/group` or `etc/shadow`, and names that come twice, of
 * which readers take the first.
 */
export function accountNameProblems({ runAs, users, groups }: Accounts): ConfigProblem[] {
  return [
    ...(/[\s\p{Cc}]/u.test(runAs)
      ? [
          problem(
            ['accounts', 'run-as'],
            `"${shorten(runAs)}" is no user`,
            'write a name or number',
          ),
        ]
      : []),
    ...users.flatMap((user, i) => {
      const at = ['accounts', 'users', i];
      return [
        ...nameProblems([...at, 'username'], user.userName, 'a user'),
        ...pathProblems([...at, 'shell'], user.shell, 'a shell'),
        ...pathProblems([...at, 'homedir'], user.homeDir, 'a home directory'),
      ];
    }),
    ...groups.flatMap(({ groupName, members }, i) => {
      const at = ['accounts', 'groups', i];
      return [
        ...nameProblems([...at, 'groupname'], groupName, 'a group'),
        ...members.flatMap((member, j) => nameProblems([...at, 'members', j], member, 'a user')),
      ];
    }),
    ...repeated(
      users.map(({ userName }) => userName),
      { list: 'users', key: 'username' },
    ),
    ...repeated(
      groups.map(({ groupName }) => groupName),
      { list: 'groups', key: 'groupname' },
    ),
  ];
}

function nameProblems(path: ConfigProblem['path'], text: string, of: string): ConfigProblem[] {
  return name.test(text) ? [] : [problem(path, `"${shorten(text)}" is no name of ${of}`, nameHint)];
}

/** Empty is the default. */
function pathProblems(path: ConfigProblem['path'], text: string, of: string): ConfigProblem[] {
  if (isTooDeep(text))
    return [problem(path, `"${shorten(text)}" is too long a path of ${of}`, deepPathHint)];
  if (text === '' || pathField.test(text)) return [];
  return [problem(path, `"${shorten(text)}" is no path of ${of}`, pathHint)];
}

function repeated(
  names: readonly string[],
  { list, key }: { readonly list: string; readonly key: string },
): ConfigProblem[] {
  const seen = new Set<string>();
  return names.flatMap((one, i) => {
    const isNew = !seen.has(one);
    seen.add(one);
    if (isNew) return [];
    return [
      problem(['accounts', list, i, key], `"${shorten(one)}" is there twice`, 'leave one out'),
    ];
  });
}
