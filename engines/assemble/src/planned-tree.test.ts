import { messageOf } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { PlannedTree, assemble, configure, imageLayers, installTree } from './index.ts';
import type { AssembleInput, AssembledTree, ImageLayer, InstalledTree } from './index.ts';
import { directory, file, fixturePackage, hardlink, symlink } from './package-fixture.ts';

const packages = [
  fixturePackage('layout', [
    directory('etc'),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    file('etc/group', 'root:x:0:\n'),
    directory('usr'),
    directory('usr/lib'),
    symlink('lib', 'usr/lib'),
  ]),
  fixturePackage('tool', [
    directory('usr'),
    directory('usr/bin'),
    file('usr/bin/tool', 'tool', { mode: 0o755, mtimeSeconds: 77 }),
    file('usr/bin/linked', 'linked'),
    hardlink('usr/bin/other', 'usr/bin/linked'),
    directory('srv', { mode: 0o2755 }),
    file('srv/data', 'data'),
    symlink('srv/link', 'data'),
  ]),
  fixturePackage('certificates', [
    directory('etc/ssl/certs'),
    file('etc/ssl/certs/ca-certificates.crt', ''),
  ]),
  fixturePackage('empty', [directory('var/spool', { mode: 0o1777 })]),
];
const shared = {
  arch: 'amd64',
  packages,
  keyring: [{ name: 'k.rsa.pub', pem: 'key' }],
  sourceDateEpochSeconds: 1000,
};

let installed: InstalledTree;
let plan: PlannedTree;
beforeAll(async () => {
  installed = await installTree(shared);
  plan = await PlannedTree.of(installed, 20);
});

const inputOf = (yaml: string): AssembleInput => ({
  ...shared,
  config: parseImageConfig(yaml, 'image.yaml'),
});

function facts(layers: readonly ImageLayer[] | undefined): unknown {
  return layers?.map(({ packages: of, entries }) => ({
    packages: of.map(({ info }) => info.name),
    entries: entries.map((one) => {
      const content = one.open();
      return [
        one.entry,
        content instanceof Uint8Array ? Buffer.from(content).toString() : undefined,
      ];
    }),
  }));
}

const outcome = (made: Promise<AssembledTree>): Promise<AssembledTree | { message: string }> =>
  made.catch((error: unknown) => ({ message: messageOf(error) }));

/** The layers, or why there are none. */
async function answer(made: AssembledTree | { message: string }): Promise<unknown> {
  return 'tree' in made ? facts(await imageLayers(made)) : made.message;
}

const permissions = (path: string): string =>
  `{path: ${path}, type: permissions, permissions: 0o700}`;
const paths = fc.constantFrom(
  ...[
    '/srv/data',
    '/usr/bin/tool',
    '/usr/bin/linked',
    '/srv',
    '/usr',
    '/var/spool',
    '/etc/group',
  ].map(permissions),
  '{path: /data/deep, type: directory, permissions: 0o755, uid: 7}',
  '{path: /usr/bin/new, type: empty-file, permissions: 0o644}',
  '{path: /usr/bin/tool, type: empty-file, permissions: 0o644}',
  '{path: /lib/new, type: symlink, source: x, permissions: 0o777}',
  '{path: /srv/again, type: hardlink, source: /srv/data, permissions: 0o600}',
  '{path: /srv/link, type: hardlink, source: /usr/bin/tool, permissions: 0o600}',
  '{path: /srv, type: permissions, permissions: 0o755, recursive: true, gid: 5}',
);
const configuration = fc
  .record({
    paths: fc.array(paths, { maxLength: 3 }),
    users: fc.constantFrom(
      '',
      '{username: app, uid: 70}',
      '{username: a, uid: 7, homedir: /srv/a}',
    ),
    environment: fc.constantFrom('{}', '{A: b}'),
    services: fc.constantFrom('{}', '{one: /usr/bin/tool}'),
  })
  .map(
    (c) =>
      `{accounts: {users: [${c.users}]}, environment: ${c.environment}, paths: [${c.paths.join(', ')}],
        entrypoint: {services: ${c.services}}}`,
  );

describe('layers planned from what changes', () => {
  test('are those of the whole tree, for any configuration, and the installed tree stays as it is', async () => {
    const before = facts(plan.layersOf(installed.tree.fork()));
    let planned = 0;
    await fc.assert(
      fc.asyncProperty(configuration, async (yaml) => {
        const input = inputOf(yaml);
        const whole = await outcome(assemble(input));
        const forked = await outcome(configure(installed, input));
        expect(await answer(forked)).toEqual(await answer(whole));
        const layers = 'tree' in forked ? plan.layersOf(forked.tree) : undefined;
        if (layers === undefined) return;
        planned += 1;
        expect(facts(layers)).toEqual(await answer(whole));
      }),
      { numRuns: 150 },
    );
    expect(planned).toBeGreaterThan(20);
    expect(facts(plan.layersOf(installed.tree.fork()))).toEqual(before);
  });

  test('share the layers that do not change', async () => {
    const one = plan.layersOf((await configure(installed, inputOf('{}'))).tree);
    const yaml = '{accounts: {users: [{username: app, uid: 70}]}, environment: {A: b}}';
    const other = plan.layersOf((await configure(installed, inputOf(yaml))).tree);
    expect(one).toHaveLength(4 + 1);
    const names = one?.map(({ packages: of }) => of[0]?.info.name) ?? [];
    expect(new Set(names)).toEqual(new Set(['certificates', 'empty', 'layout', 'tool', undefined]));
    for (const name of ['certificates', 'empty', 'tool'])
      expect(other?.[names.indexOf(name)]).toBe(one?.[names.indexOf(name)]);
    expect(other?.at(-1)).not.toBe(one?.at(-1));
  });

  test('are not, where something is removed or a directory of packages changes', async () => {
    for (const path of [
      permissions('/usr'),
      '{path: /srv/again, type: hardlink, source: /srv/data, permissions: 0o600}',
    ])
      expect(plan.layersOf((await configure(installed, inputOf(`{paths: [${path}]}`))).tree)).toBe(
        undefined,
      );
    const fork = installed.tree.fork();
    fork.remove('srv/data');
    expect(plan.layersOf(fork)).toBeUndefined();
    expect(installed.tree.at('srv/data')?.type).toBe('file');
  });
});
