import { directoryEntry, fileEntry } from '@kiln/tar';
import { expect, test } from 'vitest';
import { MemberWriter, Members } from './members.ts';

const gibibyte = 2 ** 30;

test.each([
  ['of an archive of usual size', [10, 2000, 300]],
  ['of an archive of more than 2 GiB', [3 * gibibyte, 10, 5 * gibibyte]],
])('members %s are what was taken down, also from what is kept of them', (_, sizes) => {
  const added = [
    { entry: { ...directoryEntry('usr'), mtimeSeconds: -5 }, offset: 0, sums: [] },
    ...sizes.map((sizeBytes, i) => {
      const pax = new Map([['APK-TOOLS.checksum.SHA1', Buffer.from([0, i, 255])]]);
      const entry = { ...fileEntry(`usr/file${i}`, sizeBytes), pax, mtimeSeconds: 1_700_000_000 };
      const sums = Array.from(
        { length: Math.ceil(sizeBytes / 2 ** 20) },
        (__, part) => 2 ** 32 - 1 - part,
      );
      return { entry, offset: i * gibibyte, sums };
    }),
  ];
  const writer = new MemberWriter();
  for (const { entry, ...place } of added) writer.add(entry, place);
  const members = writer.members();
  const kept = JSON.parse(JSON.stringify(members.stored())) as ReturnType<Members['stored']>;
  for (const one of [members, new Members(kept)]) {
    expect([...one]).toEqual(added.map((member, index) => ({ index, ...member })));
    expect(one.content(0)).toBeUndefined();
    expect(one.content(3)?.offset).toBe(2 * gibibyte);
    expect([one.at(-1), one.at(4)]).toEqual([undefined, undefined]);
  }
});
