import { expect, test } from 'vitest';
import { relocate, relocateTarget } from './relocate.ts';

test.for([
  ['bin/sh', 'usr/bin/sh'],
  ['lib', 'usr/lib'],
  ['lib/x86_64-linux-gnu/libc.so.6', 'usr/lib/x86_64-linux-gnu/libc.so.6'],
  ['library/x', 'library/x'],
  ['usr/lib/x', 'usr/lib/x'],
  ['etc/bin', 'etc/bin'],
] as const)('%s moves to %s', ([from, to]) => {
  expect(relocate(from)).toBe(to);
});

test.for([
  ['bin/rbash', 'bash', 'bash'],
  ['usr/bin/a', '/bin/b', '/bin/b'],
  ['lib/x/liba.so', '../liba.so.1', '../liba.so.1'],
  ['lib/x/data', '../../usr/share/data', '../../share/data'],
  ['usr/lib/x/liba.so', '../../../lib/x/liba.so.1', 'liba.so.1'],
  ['sbin/a', '../bin/b', '../bin/b'],
  ['etc/rmt', '../sbin/rmt', '../usr/sbin/rmt'],
  ['usr/share/a', './b', './b'],
] as const)('the link %s to %s points to %s afterwards', ([path, target, expected]) => {
  expect(relocateTarget(path, target)).toBe(expected);
});
