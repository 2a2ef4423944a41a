import fs from 'node:fs';
import path from 'node:path';
import type { CompositionAnswer } from '@kiln/server/schemas';
import { installClients, run } from '@kiln/test-clients';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';

type Composed = Exclude<CompositionAnswer, { error: unknown }>;

const wanted = ['cosign', 'crane', 'cyclonedx-validate', 'skopeo'] as const;

let factory: Factory;
let registry: string;
let key: string;
let clients: Readonly<Record<(typeof wanted)[number], string>>;

beforeAll(async () => {
  clients = await installClients(wanted);
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  await factory.up();
  ({ registry, key } = await factory.status());
}, 1_200_000);

afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

const within = (name: string): string => path.join(factory.directory, name);
const alone = (): { readonly env: Record<string, string> } => ({ env: { HOME: within('client') } });

const compose = (...words: readonly string[]): Promise<Composed> =>
  factory.json<Composed>('image', 'compose', ...words);

async function refused(...words: readonly string[]): Promise<string> {
  const { exitCode, stderr } = await factory.kiln(['image', 'compose', ...words]);
  expect(exitCode).not.toBe(0);
  return stderr;
}

/** Sends lines to the factory itself. */
async function ask(lines: readonly string[]): Promise<readonly CompositionAnswer[]> {
  const response = await fetch(`http://${registry}/api/compositions`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  expect(response.status).toBe(200);
  const text = await response.text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CompositionAnswer);
}

test('an image of another runs with what was laid over it', async () => {
  const packages = ['--package', 'busybox', '--package', 'hostname'];
  const running = ['--entrypoint', '/bin/sh -c', '--cmd', "'echo $MODE'", '--env', 'MODE=composed'];
  const composed = await compose(
    'greeter',
    '--to',
    'custom/greeter:shell',
    ...packages,
    ...running,
  );
  expect(composed).toMatchObject({ repository: 'custom/greeter', tags: ['shell'] });
  const ran = await factory.succeed(['image', 'run', 'custom/greeter:shell']);
  expect(ran).toBe('composed\n');
  const why = (name: string): Promise<string> =>
    factory.succeed(['image', 'why', 'custom/greeter:shell', name]);
  expect(await why('hostname')).toMatch(/^hostname \S+ was asked for/);
  expect(await why('greet')).toMatch(/^greeter \S+ was asked for\n└─ needs so:libgreet/);
  expect(await factory.json('image', 'ls', '--all')).toMatchObject([
    { name: 'custom/greeter', ofCatalog: false, tags: 1, newest: { tag: 'shell' } },
    { name: 'greeter', ofCatalog: true },
    { name: 'shell', ofCatalog: true },
    { name: 'static', ofCatalog: true },
  ]);
  expect(await factory.succeed(['image', 'ls', '--all'])).toMatch(
    /^REPOSITORY +TAGS .*\ncustom\/greeter +1 +shell +sha256:[0-9a-f]{12} +\S+Z +no\n/,
  );
});

test('it is what a build of the same configuration and packages gives', async () => {
  const overlay = within('overlay.yaml');
  fs.writeFileSync(
    overlay,
    'contents: {packages: [hostname, "!patched"]}\nenvironment: {A: b}\naccounts:\n  users: [{username: app, uid: 70}]\n',
  );
  const composed = await compose('shell', overlay, '--to', 'custom/shell:mine');
  fs.writeFileSync(
    within('composed.yaml'),
    `include: images/shell.yaml\n${fs.readFileSync(overlay, 'utf8')}`,
  );
  const built = await factory.json<{ images: readonly { digest: string }[] }>(
    'image',
    'build',
    within('composed.yaml'),
    '--include-paths',
    factory.catalog,
    '-o',
    within('composed.tar'),
  );
  expect(built.images[0]?.digest).toBe(composed.digest);
});

test('strangers pull it, find no fault, and verify its signature, bill of materials and provenance', async () => {
  const { digest } = await compose('static', '--to', 'custom/static:env', '--env', 'A=1');
  const name = `${registry}/custom/static@${digest}`;
  expect(await run(clients.crane, ['validate', '--insecure', '--remote', name], alone())).toContain(
    'PASS',
  );
  const layout = within('composed-layout');
  await run(
    clients.skopeo,
    [
      'copy',
      '--src-tls-verify=false',
      `docker://${registry}/custom/static:env`,
      `oci:${layout}:env`,
    ],
    alone(),
  );
  const manifest = await run(clients.skopeo, ['inspect', '--raw', `oci:${layout}:env`], alone());
  expect(manifest).toContain('"layers"');
  const trust = ['--key', key, '--insecure-ignore-tlog', '--allow-http-registry'];
  await run(clients.cosign, ['verify', ...trust, name], alone());
  for (const type of ['spdxjson', 'slsaprovenance1'])
    await run(clients.cosign, ['verify-attestation', '--type', type, ...trust, name], alone());
});

test('a CycloneDX bill is signed beside SPDX where that is asked for, and not without', async () => {
  const { digest } = await compose(
    'greeter',
    '--to',
    'custom/greeter:bills',
    '--sbom-formats',
    'spdx,cyclonedx',
  );
  await factory.succeed(['verify', `custom/greeter@${digest}`]);
  const file = within('composed.cdx.json');
  const bill = await factory.succeed([
    'image',
    'sbom',
    'custom/greeter:bills',
    '--format',
    'cyclonedx',
  ]);
  fs.writeFileSync(file, bill);
  expect(await run(clients['cyclonedx-validate'], [file], alone())).toBe('');
  expect(bill).toContain('"name": "greeter"');
  const name = `${registry}/custom/greeter@${digest}`;
  const trust = ['--key', key, '--insecure-ignore-tlog', '--allow-http-registry'];
  for (const type of ['cyclonedx', 'spdxjson'])
    await run(clients.cosign, ['verify-attestation', '--type', type, ...trust, name], alone());
  await compose('greeter', '--to', 'custom/unlisted:bill');
  const { exitCode, stderr } = await factory.kiln([
    'image',
    'sbom',
    'custom/unlisted:bill',
    '--format',
    'cyclonedx',
  ]);
  expect([exitCode, stderr]).toEqual([4, expect.stringContaining('IMAGE_SBOM_NOT_FOUND')]);
  expect(await refused('greeter', '--to', 'x/y', '--sbom-formats', 'cyclonedx')).toContain(
    'kiln verify refuses',
  );
  const [answer] = await ask([
    JSON.stringify({ base: 'greeter', repository: 'x/y', sbomFormats: ['cyclonedx'] }),
  ]);
  expect(answer).toMatchObject({ error: { code: 'COMPOSE_BODY_INVALID' }, ended: true });
});

test('kiln verify finds all that belongs to it, and that nobody tested it', async () => {
  const overlay = within('verified.yaml');
  fs.writeFileSync(overlay, 'environment: {A: verified}\n');
  const { digest } = await compose('static', overlay, '--to', 'custom/static:verified');
  const said = await factory.succeed(['verify', `custom/static@${digest}`]);
  expect(said).toMatch(/-\s+test result composed of a tested image, and not tested itself/);
  expect(said).toMatch(/ok\s+provenance/);
  const { manifest } = await factory.image('static');
  const trust = ['--key', key, '--insecure-ignore-tlog', '--allow-http-registry'];
  const name = `${registry}/custom/static@${digest}`;
  const words = ['verify-attestation', '--type', 'slsaprovenance1', ...trust, name];
  const { payload } = JSON.parse(await run(clients.cosign, words, alone())) as { payload: string };
  const provenance = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    predicate: { buildDefinition: { externalParameters: Record<string, unknown> } };
  };
  expect(provenance.predicate.buildDefinition.externalParameters).toMatchObject({
    base: { name: 'static', digest: manifest },
    overlay: expect.stringContaining('verified'),
  });
});

test('many are answered in their order, each for itself', async () => {
  const line = (number: number): string =>
    JSON.stringify({
      base: number % 2 === 0 ? 'static' : 'greeter',
      repository: `many/${number % 7}`,
      tags: [`n${number}`],
      overlay:
        number % 50 === 49
          ? { contents: { packages: ['nothing-is-called-so'] } }
          : { environment: { N: String(number) } },
    });
  const answers = await ask(Array.from({ length: 300 }, (_, number) => line(number)));
  expect(answers).toHaveLength(300);
  const digests = new Set<string>();
  for (const [number, answer] of answers.entries()) {
    if (number % 50 === 49) expect(answer).toMatchObject({ error: { code: 'COMPOSE_UNSOLVED' } });
    else {
      expect(answer).toMatchObject({ repository: `many/${number % 7}`, tags: [`n${number}`] });
      if ('digest' in answer) digests.add(answer.digest);
    }
  }
  expect(digests.size).toBe(294);
  const shown = await fetch(`http://${registry}/v2/many/3/manifests/n3`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  await shown.arrayBuffer();
  expect(shown.headers.get('docker-content-digest')).toBe(
    answers[3] !== undefined && 'digest' in answers[3] ? answers[3].digest : '',
  );
});

test('many come from a file, too', async () => {
  const file = within('many.jsonl');
  const lineOf = (cmd: string): string =>
    JSON.stringify({ base: 'static', repository: 'files/static', overlay: { cmd } });
  const lines = ['1', '2'].map(lineOf);
  fs.writeFileSync(file, `${lines.join('\n\n')}\n`);
  const said = await factory.succeed(['image', 'compose', '--from', file, '--json']);
  const answers = said.trimEnd().split('\n');
  expect(answers.map((text) => (JSON.parse(text) as Composed).repository)).toEqual([
    'files/static',
    'files/static',
  ]);
  fs.writeFileSync(file, `${lineOf('3')}\n\n{"base": "nowhere", "repository": "files/static"}\n`);
  const refusing = await factory.kiln(['image', 'compose', '--from', file]);
  expect([refusing.exitCode, refusing.stdout]).toEqual([
    1,
    expect.stringMatching(/^files\/static@sha256:[0-9a-f]{64}\n$/),
  ]);
  expect(refusing.stderr).toMatch(/^line 3: error\[COMPOSE_BASE_UNKNOWN\]/m);
  fs.writeFileSync(file, `${lineOf('4')}\n{}\n`);
  const broken = await factory.kiln(['image', 'compose', '--from', file]);
  expect(broken.exitCode).toBe(1);
  expect(broken.stderr).toMatch(/1 answered, 1 sent without an answer[^]*COMPOSE_BODY_INVALID/);
});

test('a file that is not there is named', async () => {
  const nowhere = within('nowhere');
  for (const words of [
    ['--from', nowhere],
    ['static', nowhere, '--to', 'a/b'],
  ]) {
    const { exitCode, stderr } = await factory.kiln(['image', 'compose', ...words]);
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining(`no file ${nowhere}`)]);
  }
});

test('what cannot be is refused, and says why', async () => {
  const to = ['--to', 'custom/a:b'];
  expect(await refused('nowhere', ...to)).toMatch(/COMPOSE_BASE_UNKNOWN.*nowhere[^]*kiln image ls/);
  expect(await refused('greeter', '--to', 'shell:mine')).toMatch(/COMPOSE_NAME_TAKEN.*shell/);
  expect(await refused('greeter', '--to', 'static')).toContain('COMPOSE_NAME_TAKEN');
  expect(await refused('greeter', ...to, '--package', '!glibc')).toMatch(
    /COMPOSE_UNSOLVED.*greeter.*glibc/,
  );
  const all = ['baselayout', 'probe', 'words'].flatMap((name) => ['--package', `!${name}`]);
  expect(await refused('static', ...to, ...all)).toMatch(/COMPOSE_UNSOLVED.*static: none is left/);
  const overlay = within('refused.yaml');
  const tryOverlay = async (text: string): Promise<string> => {
    fs.writeFileSync(overlay, text);
    return refused('greeter', overlay, ...to);
  };
  expect(await tryOverlay('enviroment: {A: b}\n')).toMatch(/refused\.yaml:1:1/);
  expect(await tryOverlay('entrypoint: {type: service-bundle, services: {a: b}}\n')).toMatch(
    /COMPOSE_UNSOLVED.*"s6"/,
  );
  expect(await tryOverlay('contents: {repositories: [/x]}\n')).toMatch(
    /COMPOSE_OVERLAY_KEY.*contents\.repositories/,
  );
  expect(await tryOverlay(`environment: {A: ${'b'.repeat(70_000)}}\n`)).toContain(
    'COMPOSE_OVERLAY_LARGE',
  );
  const missing = await fetch(`http://${registry}/v2/custom/a/tags/list`);
  await missing.arrayBuffer();
  expect(missing.status).toBe(404);
});

test('a body that is none is refused at its line', async () => {
  const good = JSON.stringify({ base: 'static', repository: 'x/y', overlay: { cmd: 'a' } });
  expect(await ask([good, '{'])).toEqual([
    expect.objectContaining({ repository: 'x/y' }),
    {
      error: expect.objectContaining({
        code: 'COMPOSE_BODY_INVALID',
        message: 'line 2 is not JSON',
      }),
      ended: true,
    },
  ]);
  const [unknown] = await ask([JSON.stringify({ base: 'static', repository: 'x/y', image: 1 })]);
  expect(JSON.stringify(unknown)).toContain('image');
  expect(await ask([JSON.stringify({ base: 'static' })])).toEqual([
    {
      error: expect.objectContaining({
        message: 'line 1: repository: invalid input: expected string, received undefined',
      }),
      ended: true,
    },
  ]);
  const foreign = await fetch(`http://${registry}/api/compositions`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', origin: 'http://elsewhere.example' },
    body: good,
  });
  expect([foreign.status, await foreign.text()]).toEqual([
    400,
    expect.stringContaining('API_FOREIGN_ORIGIN'),
  ]);
  const json = await fetch(`http://${registry}/api/compositions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: good,
  });
  expect([json.status, await json.text()]).toEqual([
    400,
    expect.stringContaining('COMPOSE_BODY_INVALID'),
  ]);
});

test('a base is the image that was published last, also when its next version fails', async () => {
  const before = await compose('greeter', '--to', 'custom/before', '--env', 'A=same');
  const images = path.join(factory.catalog, 'images');
  const failing = 'pipeline:\n  - exec: [/usr/bin/nothing-is-called-so]\n';
  fs.writeFileSync(path.join(images, 'greeter.test.yaml'), failing);
  fs.appendFileSync(path.join(images, 'greeter.yaml'), 'environment: {NEW: version}\n');
  fs.writeFileSync(path.join(images, 'never.yaml'), 'include: static.yaml\n');
  fs.writeFileSync(path.join(images, 'never.test.yaml'), failing);
  const up = await factory.kiln(['up']);
  expect([up.exitCode, up.stdout]).toEqual([1, expect.stringContaining('image:never')]);
  const after = await compose('greeter', '--to', 'custom/before', '--env', 'A=same');
  expect(after.digest).toBe(before.digest);
  const never = await factory.kiln(['image', 'compose', 'never', '--to', 'custom/a:b']);
  expect([never.exitCode, never.stderr]).toEqual([
    75,
    expect.stringContaining('COMPOSE_BASE_NOT_READY'),
  ]);
});
