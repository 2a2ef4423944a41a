import { expect, test } from 'vitest';
import { capabilityAttribute, withCapabilities } from './capabilities.ts';
import { directory, file, hardlink, link, tree } from './testing.ts';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

// The first two are what melange wrote for the same grants.
test.each([
  [
    [{ 'cap_net_admin,cap_net_bind_service': '+eip', cap_sys_admin: '+p' }],
    '010000030014200000140000000000000000000000000000',
  ],
  [[{ cap_net_raw: '+ep' }], '010000030020000000000000000000000000000000000000'],
  [[{ cap_net_raw: '+p' }], '000000030020000000000000000000000000000000000000'],
  [[{ cap_ipc_lock: '=i' }], '000000030000000000400000000000000000000000000000'],
  [
    [{ cap_net_raw: 'e' }, { cap_net_raw: 'p' }],
    '010000030020000000000000000000000000000000000000',
  ],
  [[], '000000030000000000000000000000000000000000000000'],
])('the attribute of %j is %s', (grants, value) => {
  expect(hex(capabilityAttribute(grants))).toBe(value);
});

const grant = (path: string): { path: string; add: Record<string, string>; reason: string } => ({
  path,
  add: { cap_net_raw: '+ep' },
  reason: 'sends packets of its own',
});

test('files take what is given to them by any of their names', () => {
  const before = tree(
    'a',
    file('usr/bin/one'),
    hardlink('usr/bin/two', 'usr/bin/one'),
    link('usr/bin/three', 'one'),
    file('usr/bin/other'),
  );
  for (const path of [
    '/usr/bin/one',
    'usr/bin/two',
    '/usr/bin/three',
    '/usr/./bin//one',
    'usr/lib/../bin/one',
    '../a/usr/bin/one',
  ]) {
    const { tree: after, missing } = withCapabilities(before, [grant(path)]);
    expect(missing).toEqual([]);
    const holders = after.entries.filter(({ xattrs }) => xattrs.size > 0);
    expect(holders.map((entry) => entry.path)).toEqual(['usr/bin/one']);
    expect(hex(holders[0]?.xattrs.get('security.capability'))).toMatch(/^0100000300200000/);
    expect(after.byPath.get('usr/bin/one')).toBe(holders[0]);
  }
});

test('what a step set before is replaced, other attributes stay, and what is not there is told', () => {
  const one = file('one');
  const xattrs = new Map([
    ['security.capability', Buffer.from('x')],
    ['user.note', Buffer.from('n')],
    ['security.ima', Buffer.from('i')],
  ]);
  const before = tree('a', { ...one, xattrs });
  const { tree: after, missing } = withCapabilities(before, [grant('/one'), grant('/two')]);
  expect([...(after.byPath.get('one')?.xattrs.keys() ?? [])]).toEqual([
    'security.capability',
    'security.ima',
    'user.note',
  ]);
  expect(missing).toEqual(['/two']);
  expect(withCapabilities(before, []).tree).toBe(before);
});

test('a path out of the tree is none, nothing is given where nothing is added, and directories count for melange', () => {
  const before = tree('a', directory('usr'), file('usr/one'));
  expect(withCapabilities(before, [grant('../b/usr/one')]).missing).toEqual(['../b/usr/one']);
  const nothing = withCapabilities(before, [{ ...grant('/usr/one'), add: {} }]);
  expect(nothing).toEqual({ tree: before, missing: [] });
  expect(withCapabilities(before, [grant('/usr/')]).missing).toEqual(['/usr/']);
  const { tree: after, missing } = withCapabilities(before, [grant('/usr/')], 'melange');
  expect([after.byPath.get('usr')?.xattrs.size, missing]).toEqual([1, []]);
});
