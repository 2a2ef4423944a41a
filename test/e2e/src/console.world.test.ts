import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, digestOf } from '@kiln/base';
import { buildConsole } from '@kiln/console/build';
import type { ImageResult } from '@kiln/factory';
import type { KeySummary, Status } from '@kiln/server/schemas';
import type { BrowserContext, BrowserContextOptions, Page, Request, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from './browser.ts';
import { openBrowser } from './browser.ts';
import type { InventedFactory } from './invented-factory.ts';
import type { FixtureVersion } from '@kiln/server/testing';
import { desiredKey, inventedFactory } from './invented-factory.ts';
import type { FilledLine } from './invented-line.ts';
import { fillLine } from './invented-line.ts';
import { pushArtifact, pushBlob } from './push-artifact.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const pictures = mkdtempSync(path.join(os.tmpdir(), 'kiln-pictures-'));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let factory: InventedFactory;
let browser: Browser;
let line: FilledLine;
/** What tests share that ask for nothing of their own: the browser keeps the compiled scripts in it. */
let shared: BrowserContext;
const contexts: BrowserContext[] = [];
/** What a page complained about: each test ends with none. */
const complaints: string[] = [];

beforeAll(async () => {
  const { folder } = await buildConsole(root);
  factory = await inventedFactory(folder);
  browser = await openBrowser();
  shared = await browser.context();
});

afterEach(async () => {
  for (const page of shared.pages()) await page.close();
  for (const context of contexts.splice(0)) await context.close();
  expect(complaints.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await factory?.[Symbol.asyncDispose]();
});

type RouteAnswer = 'none' | Parameters<Route['fulfill']>[0];

interface OpenOptions extends BrowserContextOptions {
  /** Requests of this page may fail: the test makes them. */
  readonly troubled?: boolean;
  prepare?(page: Page): Promise<unknown>;
}

async function open(
  address: string,
  { troubled = false, prepare, ...options }: OpenOptions = {},
): Promise<Page> {
  const own = Object.keys(options).length > 0;
  const context = own ? await browser.context(options) : shared;
  if (own) contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== factory.url)
      complaints.push(`asked a stranger: ${request.url()}`);
  });
  page.on('pageerror', (error) => complaints.push(`threw: ${error.message}`));
  page.on('console', (message) => {
    const refused = /Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !(refused && troubled))
      complaints.push(`said: ${message.text()}`);
  });
  await prepare?.(page);
  await page.goto(factory.url + address);
  return page;
}

const heading = (page: Page, name: string): ReturnType<Page['getByRole']> =>
  page.getByRole('heading', { level: 1, name });
const row = (page: Page, key: string): ReturnType<Page['getByRole']> =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: key, exact: true }) });

const retentionOf = (page: Page): ReturnType<Page['getByRole']> =>
  page.getByRole('region', { name: 'Retention' });

/** Marks the page, to see later that it was not loaded again. */
async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(globalThis, { marked: true }));
  return () => page.evaluate(() => 'marked' in globalThis);
}

async function eventually<T>(what: () => Promise<T>, wanted: T): Promise<void> {
  await expect.poll(what, { timeout: 15_000 }).toEqual(wanted);
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly {
      readonly target: readonly string[];
      readonly failureSummary: string;
    }[];
  }[];
}

/** What a program finds of the page as it is. */
async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(async () =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run(),
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary}`).join('; ')}`,
  );
}

describe('before anything is asked for', () => {
  test('the first page says so, and fills itself when the catalog is read', async () => {
    const page = await open('/');
    await heading(page, 'The line').waitFor();
    await page.getByText('The catalog asks for nothing yet.').waitFor();
    await page.getByText('No catalog asks for anything.').waitFor();
    await retentionOf(page).getByText('No sweep yet; the next soon.').waitFor();
    const same = await mark(page);
    line = await fillLine(factory);
    await row(page, 'package:openssl@x86_64').waitFor();
    expect(await same()).toBe(true);
  });
});

test.runIf(process.env['KILN_SCREENSHOT'] !== undefined)(
  'the picture of the README is taken',
  async () => {
    mkdirSync(path.join(root, 'docs'), { recursive: true });
    const page = await open('/', {
      viewport: { width: 1280, height: 1080 },
      deviceScaleFactor: 1.5,
    });
    await page.getByText('Live', { exact: true }).waitFor();
    await row(page, 'image:busybox').waitFor();
    await page.screenshot({ path: path.join(root, 'docs/console.png') });
    process.stderr.write(`pictures of every page: ${pictures}\n`);
  },
);

describe('the line', () => {
  test('shows the stages in order with counts, and every key', async () => {
    const page = await open('/');
    const stages = page.getByRole('region', { name: 'Stages' }).getByRole('listitem');
    await stages.first().waitFor();
    const texts = await stages.allInnerTexts();
    expect(texts.map((text) => text.split('\n')[0])).toEqual([
      'Seed',
      'Packages',
      'Tests',
      'Indexes',
      'Images',
    ]);
    expect(texts[1]).toContain('8 of 11 ready');
    expect(texts[1]).toMatch(/1 working[\s\S]*1 failed[\s\S]*1 waiting/);
    await eventually(
      () => page.getByRole('table').getByRole('rowheader', { name: /:/ }).count(),
      18,
    );
    await page.getByText('12 of 18 keys ready, 1 working, 4 to come, 1 failed.').waitFor();
  });

  test('shows of a key its state, attempt, duration, step and why it ran', async () => {
    const page = await open('/');
    const cells = row(page, 'package:zlib@x86_64').getByRole('cell');
    await cells.first().waitFor();
    const texts = await cells.allInnerTexts();
    expect(texts[0]).toBe('Ready');
    expect(texts.slice(2, 4)).toEqual(['1', '14 s']);
    expect(texts[4]).toContain('new in the catalog');
    expect(await row(page, 'image:nginx').innerText()).toContain('for index:kiln-os@x86_64');
  });

  test('counts the time of a working key and measures it against the estimate', async () => {
    const page = await open('/');
    const working = row(page, 'package:openssl@x86_64');
    const bar = working.getByRole('progressbar', { name: 'Progress of package:openssl@x86_64' });
    await bar.waitFor();
    expect(await working.innerText()).toContain('of about 4 min');
    expect(await working.innerText()).toContain('builds: autoconf/make');
    const before = await working.getByRole('cell').nth(3).innerText();
    await expect
      .poll(() => working.getByRole('cell').nth(3).innerText(), { timeout: 15_000 })
      .not.toBe(before);
    const percent = Number(await bar.getAttribute('aria-valuenow'));
    expect(percent).toBeGreaterThanOrEqual(39);
    expect(percent).toBeLessThan(98);
  });

  test('puts what needs a person on top, with code, message and hint', async () => {
    factory.problems.push({
      catalog: 'my-catalog',
      key: 'package:hello@x86_64',
      code: 'RECIPE_UNKNOWN_KEY',
      message: 'hello.yaml:7:3: unknown key "pipelin"',
      hint: 'did you mean "pipeline"?',
    });
    const page = await open('/');
    const attention = page.getByRole('region', { name: '2 things to look at' });
    await attention.waitFor();
    const text = await attention.innerText();
    expect(text).toContain('SOURCE_DIGEST_WRONG');
    expect(text).toContain('the recipe expects sha256:3f77…');
    expect(text).toContain('Hint: compare the digest in the recipe');
    expect(text).toContain('RECIPE_UNKNOWN_KEY');
    expect(text).toContain('did you mean "pipeline"?');
    factory.problems.pop();
    await page.getByRole('region', { name: '1 thing to look at' }).waitFor();
  });

  test('follows a change without being loaded again', async () => {
    const page = await open('/');
    await page.getByText('Live', { exact: true }).waitFor();
    const same = await mark(page);
    const busybox = row(page, 'image:busybox');
    await busybox.getByText('Ready', { exact: true }).waitFor();
    const before = await factory.records.state('image:busybox');
    await factory.state('image:busybox', { status: 'working', stage: 'runs its tests' });
    const claim = await factory.attempt('image:busybox', {
      reason: 'asked for by a person',
      agoMs: 0,
      tookMs: undefined,
    });
    await busybox.getByText('Working', { exact: true }).waitFor({ timeout: 10_000 });
    await busybox.getByText('runs its tests').waitFor();
    await claim.complete();
    await factory.state('image:busybox', { status: 'ready', action: before?.action });
    await busybox.getByText('Ready', { exact: true }).waitFor({ timeout: 10_000 });
    expect(await same()).toBe(true);
  });

  test('keeps its filters in the address', async () => {
    const page = await open('/?q=ssl&state=working');
    await eventually(
      () => page.getByRole('rowheader', { name: /:/ }).allInnerTexts(),
      ['package:openssl@x86_64'],
    );
    expect(await page.getByRole('searchbox', { name: 'Filter keys' }).inputValue()).toBe('ssl');
    expect(await page.getByRole('button', { name: /^Working/ }).getAttribute('aria-pressed')).toBe(
      'true',
    );
    await page.getByRole('searchbox', { name: 'Filter keys' }).fill('no such thing');
    await page.getByText('No key matches.').waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('no such thing');
    await page.getByRole('button', { name: 'Show all keys' }).click();
    await eventually(() => page.getByRole('rowheader', { name: /:/ }).count(), 18);
    expect(new URL(page.url()).search).toBe('');
    await page.getByRole('link', { name: /^Images Assembled/ }).click();
    await eventually(() => page.getByRole('rowheader', { name: /:/ }).count(), 4);
    expect(new URL(page.url()).search).toBe('?stage=image');
    await page.goBack();
    await eventually(() => page.getByRole('rowheader', { name: /:/ }).count(), 18);
  });
});

describe('a key', () => {
  test('streams its log and keeps to the end until a person scrolls up', async () => {
    const page = await open('/');
    await page.getByRole('link', { name: 'package:openssl@x86_64' }).first().click();
    await heading(page, 'package:openssl@x86_64').waitFor();
    const log = page.getByRole('log', { name: 'Log' });
    await log.getByText('part-300.o').waitFor();
    expect(await log.innerText()).not.toContain('\u001b');
    const fromEnd = (): Promise<number> =>
      log.evaluate((element) =>
        Math.round(element.scrollHeight - element.scrollTop - element.clientHeight),
      );
    await expect.poll(fromEnd).toBeLessThan(2);
    factory.writeLog(line.openssl, `${'  LD      libcrypto.so\n'.repeat(60)}`);
    await log.getByText('libcrypto.so').first().waitFor();
    await expect.poll(fromEnd).toBeLessThan(2);
    await log.evaluate((element) => element.scrollTo(0, 100));
    await page.getByRole('button', { name: 'Follow again' }).waitFor();
    factory.writeLog(line.openssl, '  LD      libssl.so\n');
    await log.getByText('libssl.so').waitFor();
    expect(await log.evaluate((element) => element.scrollTop)).toBe(100);
    await page.getByRole('button', { name: 'Follow again' }).click();
    await expect.poll(fromEnd).toBeLessThan(2);
  });

  test('shows what it waits for and depends on, each with its state', async () => {
    const page = await open('/keys/package:nginx@x86_64');
    const waits = page.getByRole('region', { name: 'Waits for' });
    await waits.getByText('package:openssl@x86_64').waitFor();
    await waits.getByText('Working', { exact: true }).waitFor();
    const depends = page.getByRole('region', { name: 'Depends on' });
    expect(await depends.getByRole('listitem').count()).toBe(4);
    expect(await depends.getByRole('link').count()).toBe(4);
  });

  test('names what it depends on and nobody asks for, without a link to a page that says so', async () => {
    const page = await open('/keys/index:kiln-os@x86_64', {
      prepare: (fresh) =>
        fresh.route('**/api/keys', async (route) => {
          const keys = (await (await route.fetch()).json()) as readonly KeySummary[];
          await route.fulfill({ json: keys.filter((one) => one.name !== 'zlib') });
        }),
    });
    const depends = page.getByRole('region', { name: 'Depends on' });
    await depends.getByRole('link', { name: 'package:glibc@x86_64' }).waitFor();
    const zlib = depends.getByRole('listitem').filter({ hasText: 'package:zlib@x86_64' });
    await zlib.getByText('not asked for').waitFor();
    expect(await zlib.getByRole('link').count()).toBe(0);
  });

  test('lists its attempts; the address says whose log is shown', async () => {
    await factory.attempt('package:zlib@x86_64', {
      reason: 'its recipe changed',
      agoMs: 9_000,
      tookMs: 2_000,
      log: 'second build\n',
    });
    const page = await open('/keys/package:zlib@x86_64');
    const rows = page.getByRole('region', { name: 'Attempts' }).getByRole('row');
    await rows.nth(2).waitFor();
    expect(await rows.nth(1).innerText()).toContain('its recipe changed');
    await page.getByRole('log').getByText('second build').waitFor();
    await rows.nth(2).getByRole('link', { name: /^show/ }).click();
    await page.getByRole('log').getByText('src/zlib/part-040.o').waitFor();
    expect(new URL(page.url()).searchParams.get('attempt')).toMatch(/^[0-9a-f]+$/);
    await page.getByText('Complete', { exact: true }).waitFor();
  });

  test('that failed says why and is tried again when a person asks', async () => {
    const page = await open('/keys/package:valkey@x86_64');
    const why = page.getByRole('region', { name: 'Why it failed' });
    expect(await why.innerText()).toContain('SOURCE_DIGEST_WRONG');
    expect((await factory.queue.get('package:valkey@x86_64'))?.status).toBe('deadLettered');
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('Enqueued').waitFor();
    expect((await factory.queue.get('package:valkey@x86_64'))?.status).toBe('queued');
  });

  test('is looked at when a person asks, and keeps markup in its log as text', async () => {
    await factory.attempt('seed:x86_64', {
      reason: 'resync',
      agoMs: 5_000,
      tookMs: 400,
      log: '<img src=x onerror=alert(1)>\n',
    });
    const page = await open('/keys/seed:x86_64');
    await page.getByRole('log').getByText('<img src=x onerror=alert(1)>').waitFor();
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('Enqueued').waitFor();
    expect((await factory.queue.get('seed:x86_64'))?.status).toBe('queued');
  });
});

describe('images', () => {
  test('are listed with tags, size, tests and signature, and those on their way', async () => {
    const page = await open('/images');
    const busybox = row(page, 'busybox');
    await busybox.waitFor();
    expect(await busybox.innerText()).toMatch(
      /latest\s+2026-11-21\s+5\.72 MB\s+3\s+Passed\s+Signed\s+sha256:/,
    );
    await page.getByRole('region', { name: 'On the line' }).getByText('image:nginx').waitFor();
  });

  test('have a page with digests, packages, tests, statements and commands to copy', async () => {
    const page = await open('/images', { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('link', { name: 'busybox', exact: true }).click();
    await heading(page, 'busybox').waitFor();
    await row(page, 'glibc').getByText('LGPL-2.1-or-later').waitFor();
    await page
      .getByRole('region', { name: 'Tests', exact: true })
      .getByText('no shell is inside')
      .waitFor();
    const statements = page.getByRole('region', { name: 'Signed statements' });
    expect(await statements.getByText('SLSA provenance').count()).toBe(1);
    expect(await statements.getByText('about the index and manifest').count()).toBe(4);
    await page.getByRole('button', { name: 'Copy the command: Pull it' }).click();
    const registry = factory.url.replace('http://', '');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      `docker pull ${registry}/busybox:latest`,
    );
    expect(
      await page
        .getByLabel('Check its signature with a stranger’s tool', { exact: true })
        .innerText(),
    ).toContain('cosign verify --key');
  });

  test('that are asked for but not published say so', async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const page = await open('/images/nginx', {
      troubled: true,
      prepare: (fresh) =>
        fresh.route('**/api/keys/image%3Anginx', async (route) => {
          asked.resolve();
          await answered.promise;
          await route.continue();
        }),
    });
    await asked.promise;
    // Whether the catalog asks for it is not known yet.
    await page.getByRole('status', { name: 'Loading the image nginx' }).waitFor();
    expect(await heading(page, 'There is no such image').count()).toBe(0);
    answered.resolve();
    await heading(page, 'nginx is not published yet').waitFor();
    await page.getByRole('link', { name: 'image:nginx' }).waitFor();
  });
});

describe('the versions of an image', () => {
  const hostile = '<b>\u202e"\' \u001b[2J';
  const long = 'x'.repeat(300);
  const plan = {
    name: 'demo',
    tags: ['latest'],
    asked: ['server'],
    packages: [
      { name: 'zlib', version: '1.3.1-r0', provides: ['so:libz.so.1=1.3.1'] },
      { name: 'server', version: '2.0-r0', depends: ['so:libz.so.1'] },
      { name: 'leftover', version: '1-r0' },
    ],
    config: {
      user: '65532',
      entrypoint: ['/usr/bin/server', '--name', 'two words'],
      workingDir: '/srv',
      env: ['PATH=/usr/bin', 'EMPTY=', `HOSTILE=${hostile}`],
      labels: { [`org.example.${long}`]: long },
    },
  };
  let first: ImageResult;
  let same: ImageResult;
  let lost: ImageResult;
  let last: ImageResult;
  const rowOf = (page: Page, name: string): ReturnType<Page['getByRole']> =>
    page
      .getByRole('region', { name: 'Table of packages' })
      .getByRole('row')
      .filter({
        has: page.getByRole('rowheader', { name, exact: true }),
      });
  const history = (page: Page): ReturnType<Page['getByRole']> =>
    page.getByRole('region', { name: 'History' });
  const changed = (page: Page, to: ImageResult): ReturnType<Page['getByRole']> =>
    history(page).getByRole('button', {
      name: `What changed when latest moved to ${to.index.slice(0, 19)}`,
    });

  beforeAll(async () => {
    await factory.records.applyCatalog('more', [desiredKey('image:demo')], []);
    const hoursAgo = (hours: number, version: FixtureVersion): Promise<ImageResult> =>
      factory.ago(hours * 3_600_000, () => factory.publish(version));
    const touched = { ...plan, files: { 'etc/motd': 'hello' } };
    first = await hoursAgo(6, plan);
    same = await hoursAgo(5, touched);
    lost = await hoursAgo(4, { ...plan, packages: plan.packages.slice(0, 2) });
    await hoursAgo(3, touched);
    await factory.registry.deleteManifest('demo', lost.index);
    last = await hoursAgo(2, {
      ...plan,
      tags: ['latest', '2026-11-30'],
      packages: [
        { name: 'zlib', version: '1.3.2-r0', provides: ['so:libz.so.1=1.3.2'] },
        { name: 'server', version: '2.0-r0', checksum: 'Q1other', depends: ['so:libz.so.1'] },
        { name: 'tool', version: '1-r0' },
      ],
      config: { ...plan.config, user: '0', env: ['PATH=/usr/bin', `HOSTILE=${hostile}${long}`] },
    });
  });

  test('say what is set, whatever that is', async () => {
    const page = await open('/images/demo');
    const settings = page.getByRole('region', { name: 'Settings', exact: true });
    await settings.waitFor();
    const text = await settings.innerText();
    expect(text).toMatch(/Entrypoint\s+\/usr\/bin\/server\s+--name\s+two words\s/);
    expect(text).toMatch(/User\s+0\s/);
    expect(text).toMatch(/Command\s+Not set/);
    expect(text).toMatch(/Platform\s+linux\/amd64/);
    const shown = `<b>\\u{202e}"' \\u{1b}[2J${long}`;
    await settings.getByRole('region', { name: 'Environment' }).getByText(shown).waitFor();
    await settings
      .getByRole('region', { name: 'Labels' })
      .getByText(`org.example.${long}`)
      .waitFor();
  });

  test('say of a package why it is there, by keyboard too, and keep saying so while things change', async () => {
    let asked = 0;
    const page = await open('/images/demo', {
      prepare: (fresh) =>
        fresh.route('**/api/images/demo/why?*', async (route) => {
          asked += 1;
          await route.continue();
        }),
    });
    const why = rowOf(page, 'zlib').getByRole('button', { name: 'Why is zlib there' });
    await why.focus();
    await page.keyboard.press('Enter');
    expect(await why.getAttribute('aria-expanded')).toBe('true');
    const steps = page.getByRole('region', { name: 'Table of packages' }).getByRole('listitem');
    await eventually(
      () => steps.allInnerTexts(),
      ['server 2.0-r0 was asked for', 'needs so:libz.so.1: zlib 1.3.2-r0'],
    );
    await steps.first().evaluate((element) => element.toggleAttribute('data-marked'));
    await page.getByText('Live', { exact: true }).waitFor();
    const refreshed = page.waitForResponse('**/api/images/demo');
    await factory.state('image:valkey', { status: 'waiting', stage: 'something else' });
    await refreshed;
    await page.waitForResponse('**/api/status');
    expect(await steps.first().getAttribute('data-marked')).toBe('');
    expect(asked).toBe(1);
    await rowOf(page, 'tool').getByRole('button').click();
    await page.getByText('was not asked for, and nothing else here needs it').waitFor();
    await page.keyboard.press('Shift+Tab');
    await why.press('Space');
    await eventually(() => steps.count(), 1);
  });

  test('are told newest first, each with what changed since the one before', async () => {
    const page = await open('/images/demo');
    const rows = history(page).getByRole('row');
    await eventually(() => rows.count(), 7);
    const texts = (await rows.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
    expect(texts[0]).toBe('Tag Since the one before Changed Digest');
    expect(texts.slice(1, 3).sort()).toEqual([
      expect.stringMatching(`^2026-11-30 It is the first .* ${last.index}$`),
      expect.stringMatching(`^latest What changed .* ${last.index}$`),
    ]);
    expect(texts.slice(3).map((text) => text.split(' ').at(-1))).toEqual(
      [same, lost, same, first].map(({ index }) => index),
    );
    expect(texts.at(-1)).toMatch(/^latest It is the first /);
    await changed(page, last).click();
    const packages = history(page).getByRole('list', { name: 'Packages that changed' });
    await packages.waitFor();
    const said = (await packages.innerText()).replaceAll(/\s+/g, ' ');
    expect(said).toContain('leftover 1-r0 is gone');
    expect(said).toContain('server 2.0-r0 was built again, with other content');
    expect(said).toContain('tool 1-r0 is new');
    expect(said).toContain(
      'zlib 1.3.1-r0 is now 1.3.2-r0 server 2.0-r0 was asked for needs so:libz.so.1: zlib 1.3.2-r0',
    );
    const settings = history(page).getByRole('list', { name: 'Settings that changed' });
    const set = (await settings.innerText()).replaceAll(/\s+/g, ' ');
    expect(set).toContain('user was 65532 and is now 0');
    expect(set).toContain('env EMPTY is not set any more; it was empty');
    await history(page)
      .getByText(`./kiln image diff demo@${same.index} demo@${last.index}`)
      .waitFor();
    await page.screenshot({ path: path.join(pictures, 'difference.png'), fullPage: true });
  });

  test('say that nothing differs, and which one is no longer kept', async () => {
    const page = await open('/images/demo', { troubled: true });
    await changed(page, same).last().click();
    await history(page).getByText('Nothing differs in packages and settings.').waitFor();
    await changed(page, lost).click();
    await history(page)
      .getByText(`no longer kept: demo does not have ${lost.index} any more`)
      .waitFor();
  });

  test('are told page by page where there are many, and compared from one to the next', async () => {
    const page = await open('/images/demo', {
      prepare: (fresh) =>
        fresh.route(/\/api\/images\/demo\/history(?!.*tag=)/, (route) => {
          const url = new URL(route.request().url());
          url.searchParams.set('limit', '2');
          return route.continue({ url: url.href });
        }),
    });
    await eventually(() => history(page).getByRole('rowheader').count(), 2);
    await changed(page, last).click();
    await history(page).getByText('leftover 1-r0 is gone').waitFor();
    await history(page)
      .getByRole('button', { name: /^What changed when 2026/ })
      .click();
    await history(page).getByText('It is the first.').waitFor();
    const pages = history(page).getByRole('navigation', { name: 'Pages of changes' });
    await pages.getByRole('link', { name: 'Earlier changes' }).click();
    await changed(page, lost).waitFor();
    expect(new URL(page.url()).search).toMatch(/^\?before=\d+$/);
    await pages.getByRole('link', { name: 'Earlier changes' }).click();
    await history(page).getByText('It is the first', { exact: true }).waitFor();
    await pages.getByRole('link', { name: 'Newest changes' }).click();
    await changed(page, last).waitFor();
    expect(new URL(page.url()).search).toBe('');
  });

  test('go on being shown when a tag moves: what was opened stays open', async () => {
    const page = await open('/images/demo');
    await changed(page, last).click();
    const packages = history(page).getByRole('list', { name: 'Packages that changed' });
    await packages.evaluate((element) => element.toggleAttribute('data-marked'));
    await page.getByText('Live', { exact: true }).waitFor();
    const rows = history(page).getByRole('row');
    const before = await rows.count();
    const move = { tag: 'latest', digest: same.index, expected: 'any' } as const;
    await factory.registry.moveTag('demo', move);
    await eventually(() => rows.count(), before + 1);
    expect(await packages.getAttribute('data-marked')).toBe('');
    await factory.registry.moveTag('demo', { ...move, digest: last.index });
    await eventually(() => rows.count(), before + 2);
    expect(await packages.first().getAttribute('data-marked')).toBe('');
  });

  test('refuse what they cannot say with code and hint, and can be asked again', async () => {
    const error = { code: 'IMAGE_CONTENT', message: 'it is damaged', hint: 'mend it' };
    const page = await open('/images/demo', {
      troubled: true,
      prepare: (fresh) =>
        fresh.route('**/api/images/demo/why?*', async (route) =>
          (await fresh.evaluate('globalThis.asked === true'))
            ? route.continue()
            : route.fulfill({ status: 400, json: { error } }),
        ),
    });
    await rowOf(page, 'zlib').getByRole('button').click();
    const alert = page.getByRole('alert').filter({ hasText: 'This could not be shown' });
    expect(await alert.innerText()).toMatch(/IMAGE_CONTENT it is damaged\s+Hint: mend it/);
    await page.evaluate(
      "document.addEventListener('click', () => (globalThis.asked = true), true)",
    );
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('needs so:libz.so.1: zlib').waitFor();
  });

  test('have their bill of materials as a file', async () => {
    const page = await open('/images/demo', { acceptDownloads: true });
    const statements = page.getByRole('region', { name: 'Signed statements' });
    await statements.getByText('./kiln image sbom demo').waitFor();
    const coming = page.waitForEvent('download');
    await statements.getByRole('link', { name: 'Download SPDX' }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe(`demo-${last.index.slice(7, 19)}.spdx.json`);
    expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      packages: [{ name: 'zlib' }, { name: 'server' }, { name: 'tool' }],
    });
    const busybox = await open('/images/busybox');
    const both = busybox.getByRole('region', { name: 'Signed statements' });
    await both.getByRole('link', { name: 'Download SPDX' }).waitFor();
    await both.getByRole('link', { name: 'Download CycloneDX' }).waitFor();
  });

  test('whose configuration is lost say how to make it again', async () => {
    const page = await open('/images/busybox');
    const settings = page.getByRole('region', { name: 'Settings', exact: true });
    await settings.getByText('./kiln resync image:busybox').waitFor();
  });

  test.each([
    ['a wide screen', 1280],
    ['a narrow screen', 390],
  ])(
    'are accessible with everything opened on %s, and nothing is wider than it',
    async (_, width) => {
      const page = await open('/images/demo', {
        troubled: true,
        viewport: { width, height: 900 },
        reducedMotion: 'reduce',
      });
      await changed(page, lost).click();
      await changed(page, last).first().click();
      await changed(page, same).last().click();
      for (const name of ['zlib', 'server', 'tool'])
        await rowOf(page, name).getByRole('button').click();
      await history(page).getByRole('list', { name: 'Packages that changed' }).first().waitFor();
      await history(page).getByText('Nothing differs').waitFor();
      await page.getByText('needs so:libz.so.1: zlib').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(await violationsOf(page)).toEqual([]);
      await page.screenshot({ path: path.join(pictures, `demo-${width}.png`), fullPage: true });
    },
  );
});

describe('other repositories', () => {
  const others = (page: Page): ReturnType<Page['getByRole']> =>
    page.getByRole('region', { name: 'Other repositories' });

  test('are not spoken of while there are none, and appear when one is pushed', async () => {
    let answered: Promise<unknown> | undefined;
    const page = await open('/images', {
      prepare: async (fresh) => {
        answered = fresh.waitForResponse('**/api/repositories?*');
      },
    });
    await answered;
    await page.getByText('Live', { exact: true }).waitFor();
    await row(page, 'busybox').waitFor();
    expect(await others(page).count()).toBe(0);
    const same = await mark(page);
    const image = { repository: 'custom/nginx', tag: 'debug', of: 'one' };
    await factory.ago(120_000, () => pushArtifact(factory.url, image));
    const listed = row(page, 'custom/nginx');
    await listed.getByText('debug', { exact: true }).waitFor();
    expect(await listed.innerText()).toMatch(/^custom\/nginx\s+1\s+debug\s+sha256:/);
    await pushArtifact(factory.url, { ...image, tag: 'slim' });
    await listed.getByText('slim', { exact: true }).waitFor();
    expect(await same()).toBe(true);
  });

  test('have a page that tells how their tags moved, and follows them', async () => {
    const page = await open('/images');
    await others(page).getByRole('link', { name: 'custom/nginx' }).click();
    await heading(page, 'custom/nginx').waitFor();
    expect(new URL(page.url()).pathname).toBe('/repositories/custom/nginx');
    const changes = page.getByRole('region', { name: 'Changes of its tags' }).getByRole('row');
    await changes.nth(2).waitFor();
    const registry = factory.url.replace('http://', '');
    await page.getByText(`docker pull ${registry}/custom/nginx:slim`).waitFor();
    await fetch(`${factory.url}/v2/custom/nginx/manifests/slim`, { method: 'DELETE' });
    await changes.nth(3).waitFor();
    const texts = await changes.allInnerTexts();
    expect(texts.map((text) => text.split(/\s+/).slice(0, 2))).toEqual([
      ['Tag', 'Digest'],
      ['slim', 'deleted'],
      ['slim', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
      ['debug', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
    ]);
    // The tag that moved last is gone.
    await page.getByText(`docker pull ${registry}/custom/nginx:debug`).waitFor();
    expect(await page.getByText('docker pull').count()).toBe(1);
    await page.reload();
    await heading(page, 'custom/nginx').waitFor();
  });

  test('that were never tagged say so', async () => {
    await pushBlob(factory.url, 'unfinished');
    const page = await open('/images');
    await row(page, 'unfinished').getByText('never tagged').waitFor();
    await page.getByRole('link', { name: 'unfinished' }).click();
    await page.getByText('No tag was ever set').waitFor();
    expect(await page.getByText('docker pull').count()).toBe(0);
  });

  test('are shown in pages, and so are the changes of one', async () => {
    const names = Array.from({ length: 100 }, (_, at) => `crowd/${String(at).padStart(3, '0')}`);
    for (const name of names) await pushBlob(factory.url, name);
    for (let at = 0; at < 101; at += 1) {
      const image = { repository: 'busy', tag: `t${at}`, of: 'one' };
      await pushArtifact(factory.url, image);
    }
    const page = await open('/images');
    const pages = page.getByRole('navigation', { name: 'Pages of other repositories' });
    await pages.getByRole('link', { name: 'Next page' }).click();
    await row(page, 'unfinished').waitFor();
    expect(new URL(page.url()).searchParams.get('after')).toBe('crowd/098');
    await eventually(
      () => others(page).getByRole('rowheader').allInnerTexts(),
      ['crowd/099', 'custom/nginx', 'unfinished'],
    );
    expect(await pages.getByRole('link').allInnerTexts()).toEqual(['First page']);
    await pages.getByRole('link', { name: 'First page' }).click();
    await page.getByRole('link', { name: 'busy', exact: true }).click();
    const changes = page.getByRole('region', { name: 'Changes of its tags' });
    await eventually(() => changes.getByRole('rowheader').count(), 100);
    await changes.getByRole('link', { name: 'Earlier changes' }).click();
    await eventually(() => changes.getByRole('rowheader').allInnerTexts(), ['t0']);
    await changes.getByRole('link', { name: 'Newest changes' }).click();
    await eventually(() => changes.getByRole('rowheader').count(), 100);
  });
});

describe('packages', () => {
  test('are found by name and description, and have a page', async () => {
    const page = await open('/packages');
    await page.getByText('8 packages').waitFor();
    await page.getByRole('searchbox', { name: 'Search packages' }).fill('compression');
    await page.getByText('1 of 8 packages').waitFor();
    await page.getByRole('link', { name: 'zlib' }).click();
    await heading(page, 'zlib').waitFor();
    await page.getByRole('region', { name: 'Provides' }).getByText('so:libz.so.1=1.3.1').waitFor();
    await page
      .getByRole('region', { name: 'Inputs' })
      .getByText('https://example.org/zlib.tar.xz')
      .waitFor();
    expect(await page.getByRole('link', { name: 'Download the apk' }).getAttribute('href')).toBe(
      '/apk/kiln-os/x86_64/zlib-1.3.1-r0.apk',
    );
    await page
      .getByRole('region', { name: 'Warnings of linters' })
      .getByText('usr/share/man/man3/zlib.3')
      .waitFor();
    const said = page.getByRole('region', { name: 'Provenance' });
    expect(
      await said.getByRole('link', { name: 'Download the signed statement' }).getAttribute('href'),
    ).toBe('/apk/kiln-os/x86_64/zlib-1.3.1-r0.apk.provenance.sigstore.json');
    await said.getByText('./kiln verify package:zlib').waitFor();
    await said.getByText(/^cosign verify-blob-attestation --key /).waitFor();
    await page.goBack();
    expect(await page.getByRole('searchbox').inputValue()).toBe('compression');
  });

  test('say how their tests stand, and what waits for them', async () => {
    const tests = (page: Page) => page.getByRole('region', { name: 'Tests', exact: true });
    const page = await open('/packages/zlib');
    await tests(page).getByText('zlib passed in 2 s').waitFor();
    const key = 'package:zlib@x86_64';
    const before = await factory.records.action(
      (await factory.records.state(key))?.action ?? digestOf(''),
    );
    assert(before?.kind === 'package', 'zlib is built');
    const packages = before.packages.map((one) => ({
      ...one,
      apk: digestOf('another build'),
      record: { ...one.record, version: '1.3.1-r1' },
    }));
    await factory.ready(key, { ...before, packages });
    try {
      const held = await open('/packages/zlib');
      await tests(held).getByText('1.3.1-r1 is built and not published').waitFor();
      await tests(held).getByRole('link', { name: 'test:zlib@x86_64' }).first().waitFor();
    } finally {
      await factory.ready(key, before);
    }
  });
});

describe('what is not there', () => {
  test.each([
    ['/nothing/here', 'There is no such page'],
    ['/keys/package:none@x86_64', 'There is no such key'],
    ['/keys/not a key', 'There is no such key'],
    ['/images/none', 'There is no such image'],
    ['/repositories', 'There is no such page'],
    ['/repositories/custom/none', 'There is no such repository'],
    ['/packages/none', 'There is no such package'],
  ])('%s says so and leads on', async (address, title) => {
    const page = await open(address, { troubled: true });
    await heading(page, title).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'The line' }).click();
    await heading(page, 'The line').waitFor();
  });
});

describe('trouble', () => {
  test('a slow answer shows that something comes', async () => {
    const slow = Promise.withResolvers<void>();
    const page = await open('/images', {
      prepare: (fresh) =>
        fresh.route('**/api/images', async (route) => {
          await slow.promise;
          await route.continue();
        }),
    });
    await page.getByRole('status', { name: 'Loading the images' }).waitFor();
    slow.resolve();
    await row(page, 'static').waitFor();
  });

  test('what changes faster than it is answered is shown all the same', async () => {
    const slowMs = 1_000;
    let steps = 0;
    const page = await open('/', {
      prepare: (fresh) =>
        fresh.route('**/api/keys', async (route) => {
          steps += 1;
          await factory.state('image:valkey', { status: 'waiting', stage: `step ${steps}` });
          await sleep(slowMs);
          await route.continue();
        }),
    });
    // The first answer is waited for in any case.
    await row(page, 'image:valkey')
      .getByText(/^step (?:[4-9]|\d\d)$/)
      .waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('a refused answer shows code, message and hint, and can be asked for again', async () => {
    const body = JSON.stringify({
      error: { code: 'API_BROKEN', message: 'it broke', hint: 'mend it' },
    });
    const page = await open('/packages', {
      troubled: true,
      prepare: (fresh) =>
        fresh.route('**/api/packages', async (route) =>
          (await fresh.evaluate('globalThis.asked === true'))
            ? route.continue()
            : route.fulfill({ status: 400, body, contentType: 'application/json' }),
        ),
    });
    const alert = page.getByRole('alert').filter({ hasText: 'This could not be shown' });
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/API_BROKEN it broke\s+Hint: mend it/);
    await page.evaluate(
      "document.addEventListener('click', () => (globalThis.asked = true), true)",
    );
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('8 packages').waitFor();
  });

  test.each<[string, RouteAnswer, string]>([
    ['the factory does not answer', 'none', 'The factory does not answer'],
    [
      'something in between answers for it',
      { status: 502, contentType: 'text/html', body: '<html>bad gateway' },
      'The factory could not answer HTTP_502 the factory answered 502',
    ],
  ])('a page is still known by its title where %s', async (_, answer, words) => {
    const page = await open('/images', { troubled: true });
    const address = '**/api/images/static';
    await page.route(address, (route) =>
      answer === 'none' ? route.abort() : route.fulfill(answer),
    );
    await page.getByRole('link', { name: 'static', exact: true }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'Try again' });
    expect((await alert.innerText()).replaceAll(/\s+/g, ' ')).toContain(words);
    await heading(page, 'static').waitFor();
    expect(await page.title()).toBe('static · Kiln');
    await page.unroute(address);
    const answered = Promise.withResolvers<void>();
    await page.route(address, async (route) => {
      await answered.promise;
      await route.continue();
    });
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Trying again' }).waitFor();
    answered.resolve();
    await page.getByRole('region', { name: 'Use it' }).waitFor();
  });

  test.each([
    ['what is not there', 404, 'There is no such image'],
    ['what is refused', 400, 'There is no such image'],
    ['what fails', 500, 'The factory could not answer'],
  ])('%s stays as it is while it is asked for again', async (_, status, title) => {
    const address = '**/api/images/none';
    const body = JSON.stringify({ error: { code: 'API_BROKEN', message: 'it broke', hint: '' } });
    const page = await open('/images/none', {
      troubled: true,
      prepare: (fresh) =>
        fresh.route(address, (route) =>
          route.fulfill({ status, body, contentType: 'application/json' }),
        ),
    });
    await page.getByRole('main').getByRole('heading', { name: title }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const held = page.getByRole('main').locator('a, button').first();
    await held.focus();
    const marked = (): Promise<boolean> =>
      page.evaluate("document.activeElement?.hasAttribute('data-marked') === true");
    await held.evaluate((element) => element.toggleAttribute('data-marked'));
    for (const stage of ['first', 'second', '']) {
      const asked = page.waitForResponse(address);
      await factory.state('image:valkey', { status: 'waiting', stage });
      await asked;
      expect(await marked()).toBe(true);
    }
  });

  test('a factory that is away from the beginning is said to be away once', async () => {
    const page = await open('/images', {
      troubled: true,
      prepare: (fresh) => fresh.route('**/api/**', (route) => route.abort()),
    });
    const banner = page.getByRole('alert').filter({ hasText: 'on a terminal' });
    await banner.evaluate((element) => element.toggleAttribute('data-marked'));
    const isStatus = (request: Request): boolean => request.url().endsWith('/api/status');
    // A question is tried three times: this is more than one.
    for (let time = 0; time < 4; time += 1) {
      await page.waitForEvent('requestfailed', isStatus);
      expect(await banner.getAttribute('data-marked')).toBe('');
    }
  });

  test('a page asks by itself where events do not arrive', async () => {
    const page = await open('/', {
      troubled: true,
      prepare: (fresh) => fresh.route('**/api/events', (route) => route.abort()),
    });
    await page.getByText('Polling', { exact: true }).waitFor();
    await factory.state('image:valkey', {
      status: 'waiting',
      stage: 'waits',
      waitingFor: ['package:valkey@x86_64'],
    });
    await row(page, 'image:valkey').getByText('for package:valkey@x86_64').waitFor();
  });

  test('a factory that goes away is said to be away, what was there stays, and the page goes on when it is back', async () => {
    const page = await open('/', { troubled: true });
    await page.getByText('Live', { exact: true }).waitFor();
    await row(page, 'package:zlib@x86_64').waitFor();
    const same = await mark(page);
    // An open page with its event stream must not hold the server open.
    await factory.stopServer();
    const banner = page.getByRole('alert').filter({ hasText: 'The factory does not answer' });
    await banner.waitFor();
    expect(await row(page, 'package:zlib@x86_64').isVisible()).toBe(true);
    await page.screenshot({ path: path.join(pictures, 'away.png') });
    await factory.state('image:valkey', { status: 'working', stage: 'while nobody looked' });
    await factory.startServer();
    await banner.waitFor({ state: 'detached' });
    await row(page, 'image:valkey').getByText('while nobody looked').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await same()).toBe(true);
  });
});

describe('retention', () => {
  test('says what the last sweep removed as soon as it has, and when the next one is', async () => {
    const page = await open('/');
    await retentionOf(page).getByText('No sweep yet; the next soon.').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const content = Buffer.from('what nobody lists');
    await factory.ago(2 * 86_400_000, () => pushBlob(factory.url, 'left', content));
    const begun = await fetch(`${factory.url}/api/gc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dryRun: false }),
    });
    expect(begun.status).toBe(200);
    await retentionOf(page)
      .getByText(/^Last sweep \d+ s ago, 1 blob \(17 B\) removed; the next in 24 h\.$/)
      .waitFor();
  });

  test('says that a sweep is under way, and why one failed', async () => {
    let retention: object = { running: { startedAt: Date.now() - 130_000, dryRun: false } };
    const page = await open('/', {
      prepare: (fresh) =>
        fresh.route('**/api/status', async (route) => {
          const status = (await (await route.fetch()).json()) as Status;
          await route.fulfill({
            json: { ...status, retention: { ...status.retention, ...retention } },
          });
        }),
    });
    await retentionOf(page)
      .getByText(/^A sweep has run for 2 min; /)
      .waitFor();
    const error = { code: 'BLOB_DAMAGED', message: 'a pack is short', hint: 'look at the disk' };
    retention = { error };
    await page.reload();
    await retentionOf(page).getByText('The last sweep failed; the next in 24 h.').waitFor();
    expect(await retentionOf(page).innerText()).toMatch(
      /BLOB_DAMAGED a pack is short\s+Hint: look at the disk/,
    );
  });
});

describe('by keyboard', () => {
  test('a person reaches the content, the filter and a key, and the focus follows', async () => {
    const page = await open('/');
    await row(page, 'package:zlib@x86_64').waitFor();
    const focused = (): Promise<string> =>
      page.evaluate("document.activeElement?.textContent ?? ''");
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement?.id')).toBe('main');
    await page.keyboard.press('/');
    await page.keyboard.type('zlib');
    // The package and its tests.
    await eventually(() => page.getByRole('rowheader', { name: /:/ }).count(), 2);
    for (let step = 0; step < 20 && (await focused()) !== 'package:zlib@x86_64'; step++)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'package:zlib@x86_64').waitFor();
    await eventually(focused, 'package:zlib@x86_64');
    expect(await page.title()).toBe('package:zlib@x86_64 · Kiln');
  });
});

const everyPage = [
  '/',
  '/keys/package:openssl@x86_64',
  '/keys/package:valkey@x86_64',
  '/images',
  '/images/busybox',
  '/images/demo',
  '/repositories/custom/nginx',
  '/packages',
  '/packages/zlib',
  '/nothing',
];

test.each(everyPage)(
  '%s has no accessibility violation that a program can find, light and dark',
  async (address) => {
    const page = await open(address, { troubled: true });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('load');
    await eventually(() => page.getByRole('status', { name: /^Loading/ }).count(), 0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violationsOf(page)).toEqual([]);
      const name = `${colorScheme}-${address.replaceAll(/[^a-z]+/g, '-')}.png`;
      await page.screenshot({ path: path.join(pictures, name), fullPage: true });
    }
  },
);

// The least that WCAG 2.2, 1.4.10 asks for.
const narrow = { width: 320, height: 740 };

async function fitsNarrow(page: Page, address: string): Promise<void> {
  await page.goto(factory.url + address);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await eventually(() => page.getByRole('status', { name: /^Loading/ }).count(), 0);
  const widthPx = (): Promise<unknown> => page.evaluate('document.documentElement.scrollWidth');
  // The first layout need not be the last.
  await eventually(async () => ({ address, fits: Number(await widthPx()) <= narrow.width }), {
    address,
    fits: true,
  });
}

test('words of any length fit a narrow screen, and are broken in tables no earlier than they have to', async () => {
  const word = 'w'.repeat(300);
  const long =
    /^(?:code|message|hint|description|license|version|origin|url|verify|predicateType)$/;
  const page = await open('/', {
    troubled: true,
    viewport: narrow,
    prepare: async (fresh) => {
      // "Polling" is longer than "Live".
      await fresh.route('**/api/events', (route) => route.abort());
      await fresh.route(
        /\/api\/(?:status|images\/busybox|keys\/[^/]+|packages\/zlib)$/,
        async (route) => {
          const text = await (await route.fetch()).text();
          const json: unknown = JSON.parse(text, (name, value: unknown) =>
            name === 'dependsOn' || name === 'provides' ? [word] : long.test(name) ? word : value,
          );
          await route.fulfill({ json });
        },
      );
    },
  });
  for (const address of ['/', '/images/busybox', '/packages/zlib', `/repositories/${word}`])
    await fitsNarrow(page, address);
  await fitsNarrow(page, '/keys/package:valkey@x86_64');
  const attempt = page.getByRole('table').locator('.problem-text').first();
  expect((await attempt.boundingBox())?.width).toBeGreaterThan(240);
});

test('pages fit a narrow screen without scrolling sideways, and what leads home has a name', async () => {
  const page = await open('/', { troubled: true, viewport: narrow });
  for (const address of everyPage) {
    await fitsNarrow(page, address);
    await page.getByRole('link', { name: 'Kiln', exact: true }).waitFor();
    await page.screenshot({
      path: path.join(pictures, `narrow-${address.replaceAll(/[^a-z]+/g, '-')}.png`),
    });
  }
});

test('pages are served with a policy that allows nothing from elsewhere, and files that may be kept', async () => {
  const page = await fetch(`${factory.url}/keys/seed:x86_64`, { headers: { accept: 'text/html' } });
  const html = await page.text();
  expect(page.headers.get('content-security-policy')).toContain(
    "default-src 'none'; script-src 'self'",
  );
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style| style=/);
  const script = /src="(\/assets\/[^"]+)"/.exec(html)?.[1] ?? '';
  expect((await fetch(factory.url + script)).headers.get('cache-control')).toContain('immutable');
});

test('the console is built again only when its sources change', async () => {
  expect((await buildConsole(root)).built).toBe(false);
});
