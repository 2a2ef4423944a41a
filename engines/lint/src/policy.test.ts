import { describe, expect, test } from 'vitest';
import { linterNames } from './catalogue.ts';
import { defaultPolicy, lintPolicy, packagePolicies } from './policy.ts';

test('the defaults are sorted and do not overlap', () => {
  const { required, warn } = defaultPolicy;
  expect([...required].sort()).toEqual(required);
  expect([...warn].sort()).toEqual(warn);
  expect(linterNames.filter((name) => !required.includes(name) && !warn.includes(name))).toEqual([
    'documentation',
    'empty',
  ]);
  expect(linterNames).toHaveLength(30);
});

test('lists that a person gives replace those they are for', () => {
  expect(lintPolicy({ require: ['empty'] })).toEqual({
    required: ['empty'],
    warn: defaultPolicy.warn,
  });
  expect(lintPolicy({ warn: [] })).toEqual({ required: defaultPolicy.required, warn: [] });
  expect(() => lintPolicy({ warn: ['dev', 'devs', ''] })).toThrow('unknown linter: "devs", ""');
});

const policy = lintPolicy({ require: ['dev', 'setuidgid'], warn: ['opt', 'strip'] });

test('a recipe demotes what is required, for its package', () => {
  const disabled = [['setuidgid', 'strip', 'empty'], [], ['dev']];
  expect(packagePolicies({ policy, disabled })).toEqual([
    { required: ['dev'], warn: ['opt', 'strip', 'setuidgid'] },
    policy,
    { required: ['setuidgid'], warn: ['opt', 'strip', 'dev'] },
  ]);
  expect(() => packagePolicies({ policy, disabled: [['stripped']] })).toThrow(/unknown linter/);
});

describe('as melange does it', () => {
  const dialect = 'melange';

  test('what is disabled runs once more, whatever it was', () => {
    const [one] = packagePolicies({ policy, disabled: [['strip', 'empty', 'opt']], dialect });
    expect(one).toEqual({ required: policy.required, warn: ['opt', 'strip', 'empty', 'opt'] });
  });

  test('a demotion takes the linter from later packages, and requires one that warns', () => {
    const disabled = [['setuidgid'], [], ['dev', 'usrmerge'], []];
    const policies = packagePolicies({
      policy: lintPolicy({ require: [...defaultPolicy.required] }),
      disabled,
      dialect,
    });
    const less = (...names: readonly string[]): readonly string[] =>
      defaultPolicy.required.filter((name) => !names.includes(name));
    expect(policies.map(({ required }) => required)).toEqual([
      less('setuidgid'),
      [...less('setuidgid'), 'binaryarch'],
      [...less('setuidgid', 'dev', 'usrmerge'), 'binaryarch'],
      [...less('setuidgid', 'dev', 'usrmerge'), 'binaryarch', 'binaryarch', 'cudaruntimelib'],
    ]);
    expect(policies[1]?.warn).toEqual(defaultPolicy.warn);
  });

  test('lists that were given have no room, and the next package has a linter without a name', () => {
    expect(packagePolicies({ policy, disabled: [['dev']], dialect })).toHaveLength(1);
    expect(() => packagePolicies({ policy, disabled: [['dev'], []], dialect })).toThrow(
      'unknown linter: ""',
    );
    const silent = lintPolicy({ require: ['dev', 'setuidgid'], warn: [] });
    expect(packagePolicies({ policy: silent, disabled: [['dev'], []], dialect })[1]).toEqual({
      required: ['setuidgid', 'dev'],
      warn: [],
    });
  });
});
