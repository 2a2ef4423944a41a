import { emptyImageConfig } from '@kiln/image-config';
import { parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { identityOf } from './runner.ts';

const accounts = { ...emptyImageConfig.accounts, runAs: 'root' };

function identity(capabilities: string): ReturnType<typeof identityOf> {
  const head = 'package: {name: a, version: "1"}\n';
  const recipe = parseRecipe(`${head}capabilities: ${capabilities}\n`, {
    file: 'a.yaml',
    dialect: 'melange',
  });
  return identityOf(recipe, { ...emptyImageConfig, accounts });
}

test.each(['{add: [CAP_BOGUS]}', '{add: [""]}', '{drop: [NET_ADMIN]}'])(
  'there are no capabilities %s',
  (capabilities) => {
    expect(() => identity(capabilities)).toThrow(/no such capability/);
  },
);

test('all capabilities may be added, and some of them dropped', () => {
  const { privileges } = identity('{add: [all], drop: [cap_sys_admin]}');
  const given = privileges === 'none' ? [] : privileges.capabilities;
  expect(given).toContain('CAP_BPF');
  expect(given).not.toContain('CAP_SYS_ADMIN');
});
