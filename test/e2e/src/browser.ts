import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installClients } from '@kiln/test-clients';
import type { BrowserContext, BrowserContextOptions } from 'playwright-core';
import { chromium } from 'playwright-core';

/** Debian's Chromium, started once; each test opens contexts of its own. */
export interface Browser extends AsyncDisposable {
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
}

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Installs the browser where it is not there yet. It talks to nobody but the pages under test. */
export async function openBrowser(): Promise<Browser> {
  const { chromium: executablePath } = await installClients(['chromium']);
  const home = mkdtempSync(path.join(os.tmpdir(), 'kiln-browser-'));
  const browser = await chromium.launch({
    executablePath,
    args: flags,
    env: { PATH: process.env['PATH'] ?? '', HOME: home },
  });
  return {
    context: (options) =>
      browser.newContext({ viewport: { width: 1280, height: 900 }, ...options }),
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
