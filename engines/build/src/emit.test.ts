import type { CompiledRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { builderOf } from './emit.ts';

function compiled(dialect: 'kiln' | 'melange', uids: readonly number[]): CompiledRecipe {
  const users = uids.map((uid) => ({ userName: 'build', uid }));
  const accounts = { users: [{ userName: 'other', uid: 7 }, ...users], groups: [] };
  return { recipe: { dialect }, environment: { accounts } } as unknown as CompiledRecipe;
}

test('whose files become those of root: of melange, the last account called build', () => {
  const own = { compiled: compiled('melange', [500, 2000]) };
  expect(builderOf(own)).toEqual({ uid: 2000, gid: 1000 });
  expect(builderOf({ compiled: compiled('melange', []) })).toEqual({ uid: 1000, gid: 1000 });
  expect(builderOf({ compiled: compiled('kiln', [500]) })).toEqual({ uid: 1000, gid: 1000 });
});
