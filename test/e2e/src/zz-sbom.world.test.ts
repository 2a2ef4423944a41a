import fs from 'node:fs';
import path from 'node:path';
import { installClients, run } from '@kiln/test-clients';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';
let factory: Factory;
let clients: Readonly<Record<'spdx-validate' | 'cyclonedx-validate', string>>;
beforeAll(async () => {
  clients = await installClients(['spdx-validate', 'cyclonedx-validate']);
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  await factory.up();
}, 1_200_000);
afterAll(async () => factory[Symbol.asyncDispose](), 120_000);
test('sboms', async () => {
  for (const image of await factory.images()) {
    for (const format of ['spdx', 'cyclonedx'] as const) {
      const file = path.join(factory.directory, `${image.name}.${format}.json`);
      const printed = await factory.succeed(['image', 'sbom', image.name, '--format', format]);
      fs.writeFileSync(file, printed);
      fs.writeFileSync(`/tmp/sbom-${image.name}.${format}.json`, printed);
      await run(clients[`${format}-validate`], format === 'spdx' ? ['-i', file] : [file]);
      for (const one of (await factory.image(image.name)).packages)
        expect(printed).toContain(`@${one.version}?arch=x86_64`);
    }
    console.log(await factory.succeed(['verify', image.name]));
  }
  const detail = await factory.image('static');
  console.log(detail.attachments.map((one) => [one.predicateType, one.subject === detail.digest]));
  const { registry } = await factory.status();
  const refused = await factory.kiln(['image', 'sbom', 'static', '--key', '/tmp/sbom-other.pub']);
  console.log(refused);
  expect([refused.exitCode, refused.stdout]).toEqual([3, '']);
  const absent = await factory.kiln(['image', 'sbom', `${registry}/static@${detail.manifest}`, '--format', 'cyclonedx']);
  expect(absent.exitCode).toBe(0);
}, 600_000);
